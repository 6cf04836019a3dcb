"""Find unwanted edits: look-alikes, strings, comments, line endings, and parts of a notebook other than code."""

from __future__ import annotations

import io
import json
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.migrate import statements, units
from benchmarks.migrate.api_index import ROOTS, is_under

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The only strings that rules rewrite or remove: data formats, modes of `merge`, keys of a history.
REWRITABLE_STRINGS = {
    "th",
    "tf",
    "channels_first",
    "channels_last",
    "sum",
    "mul",
    "concat",
    "ave",
    "cos",
    "dot",
    "max",
    "acc",
    "val_acc",
    "accuracy",
    "val_accuracy",
    "same",
    "valid",
    "glorot_normal",
    "glorot_uniform",
}


def find(path: Path, before: bytes, after: bytes) -> list[str]:
    """Return the unwanted edits in a file."""
    if before == after:
        return []
    old, new = units.read(path, before), units.read(path, after)
    if old is None or new is None:
        return [] if old is None else ["the file is no longer readable"]
    return [
        *_import_changes(old.text, new.text),
        *_token_changes(old.text, new.text),
        *_line_ending_changes(before, after),
        *(_notebook_changes(before, after) if path.suffix == units.NOTEBOOK else ()),
    ]


def _import_changes(old: str, new: str) -> Iterator[str]:
    removed = _other_imports(old) - _other_imports(new)
    yield from (f"look-alike or other import: {name}" for name in removed.elements())


def _other_imports(text: str) -> Counter[str]:
    imported = statements.imports(text, statements.parse(text))
    return Counter(
        f"{imported_name.path} as {imported_name.local_name}"
        for imported_name in imported
        if imported_name.name and not is_under(imported_name.path, ROOTS)
    )


def _token_changes(old: str, new: str) -> Iterator[str]:
    for kind, name in ((tokenize.COMMENT, "comment"), (tokenize.STRING, "string")):
        old_counts, new_counts = _count_tokens(old, kind), _count_tokens(new, kind)
        changes = [*(old_counts - new_counts).elements(), *(new_counts - old_counts).elements()]
        yield from (
            f"{name}: {text[:80]}"
            for text in changes
            if kind == tokenize.COMMENT or text.strip("rRuUbB'\"") not in REWRITABLE_STRINGS
        )


def _count_tokens(text: str, kind: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == kind:
                counts[token.string] += 1
    except (tokenize.TokenError, IndentationError):
        pass
    return counts


def _line_ending_changes(before: bytes, after: bytes) -> Iterator[str]:
    for line_ending in (b"\r\n", b"\n"):
        if before.endswith(b"\n") != after.endswith(b"\n") or (
            before.count(line_ending) and not after.count(line_ending)
        ):
            yield "line endings"
            return
    if before.count(b"\n") == before.count(b"\r\n") > 0 and after.count(b"\n") != after.count(b"\r\n"):
        yield "line endings"


def _notebook_changes(before: bytes, after: bytes) -> Iterator[str]:
    old, new = json.loads(before), json.loads(after)
    for notebook in (old, new):
        for cell in units.cells(notebook):
            if cell["cell_type"] == "code":
                cell.pop("source" if "source" in cell else "input", None)
    if old != new:
        yield "notebook: outputs, markdown or metadata"
    for indent in (1, 2, None):
        if _is_dumped_with(before, indent) and not _is_dumped_with(after, indent):
            yield "notebook: JSON style"


def _is_dumped_with(content: bytes, indent: int | None) -> bool:
    text = json.dumps(json.loads(content), indent=indent, ensure_ascii=False)
    return text.encode() == content.rstrip(b"\n")
