"""What must not change: look-alikes, strings, comments, line ends, and all of a notebook but the source of its code."""

from __future__ import annotations

import io
import json
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.migrate import statements, units
from benchmarks.migrate.world import OURS, is_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The only strings that rules rewrite or leave out: orders of dimensions, modes of `merge`, keys of a history.
REWRITTEN = {"th", "tf", "channels_first", "channels_last", "sum", "mul", "concat", "ave", "cos", "dot", "max",
             "acc", "val_acc", "accuracy", "val_accuracy", "same", "valid", "glorot_normal", "glorot_uniform"}


def edits(path: Path, before: bytes, after: bytes) -> list[str]:
    """Return what was changed that should not have been."""
    if before == after:
        return []
    old, new = units.read(path, before), units.read(path, after)
    if old is None or new is None:
        return [] if old is None else ["it cannot be read any more"]
    return [*_imports(old.text, new.text), *_tokens(old.text, new.text), *_ends(before, after),
            *(_around(before, after) if path.suffix == units.NOTEBOOK else ())]


def _imports(old: str, new: str) -> Iterator[str]:
    gone = _others(old) - _others(new)
    yield from (f"look-alike or other import: {one}" for one in gone.elements())


def _others(text: str) -> Counter[str]:
    every = statements.imports(text, statements.parsed(text))
    return Counter(f"{one.path} as {one.bound}" for one in every if one.name and not is_of(one.path, OURS))


def _tokens(old: str, new: str) -> Iterator[str]:
    for kind, name in ((tokenize.COMMENT, "comment"), (tokenize.STRING, "string")):
        one, other = _said(old, kind), _said(new, kind)
        changed = [*(one - other).elements(), *(other - one).elements()]
        yield from (f"{name}: {text[:80]}" for text in changed
                    if kind == tokenize.COMMENT or text.strip("rRuUbB'\"") not in REWRITTEN)


def _said(text: str, kind: int) -> Counter[str]:
    found: Counter[str] = Counter()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == kind:
                found[token.string] += 1
    except (tokenize.TokenError, IndentationError):
        pass
    return found


def _ends(before: bytes, after: bytes) -> Iterator[str]:
    for end in (b"\r\n", b"\n"):
        if before.endswith(b"\n") != after.endswith(b"\n") or (before.count(end) and not after.count(end)):
            yield "line ends"
            return
    if before.count(b"\n") == before.count(b"\r\n") > 0 and after.count(b"\n") != after.count(b"\r\n"):
        yield "line ends"


def _around(before: bytes, after: bytes) -> Iterator[str]:
    old, new = json.loads(before), json.loads(after)
    for notebook in (old, new):
        for cell in units.cells(notebook):
            if cell["cell_type"] == "code":
                cell.pop("source" if "source" in cell else "input", None)
    if old != new:
        yield "notebook: outputs, markdown or metadata"
    for indent in (1, 2, None):
        if _dumped(before, indent) and not _dumped(after, indent):
            yield "notebook: the form of its JSON"


def _dumped(content: bytes, indent: int | None) -> bool:
    text = json.dumps(json.loads(content), indent=indent, ensure_ascii=False)
    return text.encode() == content.rstrip(b"\n")
