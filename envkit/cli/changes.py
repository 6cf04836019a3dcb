"""What `migrate` shows of each file: its diff and its notes, as they come."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Kind
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.commands.ported import Ported
    from envkit.migrate.outcome import Note

RED, GREEN, YELLOW, MAGENTA, CYAN, BOLD, DIM = 31, 32, 33, 35, 36, 1, 2
DIFF = {"+++": BOLD, "---": BOLD, "@@": CYAN, "+": GREEN, "-": RED, "\\": DIM}
KINDS = {
    Kind.REVIEW: YELLOW, Kind.IMPOSSIBLE: RED, Kind.UNRESOLVED: RED, Kind.BEHAVIOUR: MAGENTA, Kind.LINT: CYAN,
    Kind.REQUIREMENT: YELLOW,
}


def show(one: Ported) -> None:
    """Print what came of one file: on a terminal coloured and made safe, elsewhere with the bytes it has."""
    terminal = sys.stdout.isatty()
    told = "".join(lines(one, safe=terminal, color=terminal and not os.environ.get("NO_COLOR")))
    sys.stdout.buffer.write(told.encode("utf-8", "backslashreplace" if terminal else "surrogateescape"))
    sys.stdout.buffer.flush()


def lines(one: Ported, *, safe: bool, color: bool) -> Iterator[str]:
    """Yield what is to be said of a file.

    Args:
        one: What came of it.
        safe: Whether every character has to show itself.
        color: Whether to use a terminal's colours.
    """
    if not safe:
        yield one.diff
    for line in one.diff.split("\n") if safe else ():
        if line:
            code = next((code for mark, code in DIFF.items() if line.startswith(mark)), 0)
            yield _painted(plain(line.removesuffix("\r")), code if color else 0) + "\n"
    for note in one.notes:
        yield from _note(one.path, note, color=color)
    if one.left:
        yield f"{plain(one.path)}: {_painted('left as it is', RED if color else 0)}: {plain(one.left)}\n"
        yield from _mend(one.mend)


def _note(path: str, note: Note, *, color: bool) -> Iterator[str]:
    where = note.where
    cell = f":cell {where.cell}" if where.cell else ""
    kind = _painted(note.kind.value, KINDS[note.kind] if color else 0)
    yield f"{plain(path)}{cell}:{where.line}:{where.column}: {kind} {plain(note.message)} [{note.rule}]\n"
    yield from _mend(note.mend)


def _mend(mend: str) -> Iterator[str]:
    if mend:
        yield f"    mend: {plain(mend)}\n"


def _painted(text: str, code: int) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
