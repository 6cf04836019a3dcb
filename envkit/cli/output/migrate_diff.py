"""Output of `migrate` for each file: its diff and its notes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Kind
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.commands.migrate.file_job import FileResult
    from envkit.migrate.outcome import Note

RED, GREEN, YELLOW, MAGENTA, CYAN, BOLD, DIM = 31, 32, 33, 35, 36, 1, 2
DIFF_COLORS = {"+++": BOLD, "---": BOLD, "@@": CYAN, "+": GREEN, "-": RED, "\\": DIM}
KIND_COLORS = {
    Kind.REVIEW: YELLOW,
    Kind.IMPOSSIBLE: RED,
    Kind.UNRESOLVED: RED,
    Kind.BEHAVIOUR: MAGENTA,
    Kind.LINT: CYAN,
    Kind.REQUIREMENT: YELLOW,
}


def print_result(result: FileResult) -> None:
    """Print the result of one file: colored and escaped on a terminal, byte for byte elsewhere."""
    is_terminal = sys.stdout.isatty()
    text = "".join(format_lines(result, safe=is_terminal, color=is_terminal and not os.environ.get("NO_COLOR")))
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace" if is_terminal else "surrogateescape"))
    sys.stdout.buffer.flush()


def format_lines(result: FileResult, *, safe: bool, color: bool) -> Iterator[str]:
    """Format the result of one file.

    Args:
        result: Result to format.
        safe: Whether to escape control characters.
        color: Whether to use terminal colors.
    """
    if not safe:
        yield result.diff
    for line in result.diff.split("\n") if safe else ():
        if line:
            code = next((code for mark, code in DIFF_COLORS.items() if line.startswith(mark)), 0)
            yield _colorize(escape_controls(line.removesuffix("\r")), code if color else 0) + "\n"
    for note in result.notes:
        yield from _format_note(result.path, note, color=color)
    if result.skip_reason:
        label = _colorize("partly skipped" if result.rewrites else "skipped", RED if color else 0)
        yield f"{escape_controls(result.path)}: {label}: {escape_controls(result.skip_reason)}\n"
        yield from _format_hint(result.hint)


def _format_note(path: str, note: Note, *, color: bool) -> Iterator[str]:
    cell = f":cell {note.location.cell}" if note.location.cell else ""
    location = f"{escape_controls(path)}{cell}:{note.location.line}:{note.location.column}"
    kind = _colorize(note.kind.value, KIND_COLORS[note.kind] if color else 0)
    yield f"{location}: {kind} {escape_controls(note.message)} [{note.rule}]\n"
    yield from _format_hint(note.hint)


def _format_hint(hint: str) -> Iterator[str]:
    if hint:
        yield f"    hint: {escape_controls(hint)}\n"


def _colorize(text: str, code: int) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
