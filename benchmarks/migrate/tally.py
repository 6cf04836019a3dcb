"""What came of all files, counted."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.migrate import kept, units
from benchmarks.migrate.variants import Told
from benchmarks.migrate.verdict import judge
from benchmarks.migrate.world import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from benchmarks.migrate.units import Unit
    from benchmarks.migrate.verdict import Fault, Verdict


@dataclass(slots=True)
class Tally:
    """Counts over all files of one way.

    Attributes:
        files: How many there are.
        parse: Those that are Python.
        broken: Those that were Python before, and are not any more.
        names: Names that are imported from Keras.
        found: Those of them that lead to something.
        resolve: Files with every import found.
        clean: Files with nothing wrong.
        convolutions: Calls with three numbers by position, whose meaning changed.
        edits: What was changed and should not have been.
        silent: Unresolved names that no note tells of.
        again: Files that a second run changes.
        asked: Imports and names that the real TensorFlow was asked for.
        otherwise: Those that it judges in another way.
        worst: What to look at, by file.
    """

    files: int = 0
    parse: int = 0
    broken: int = 0
    names: int = 0
    found: int = 0
    resolve: int = 0
    clean: int = 0
    convolutions: int = 0
    edits: int = 0
    silent: int = 0
    again: int = 0
    asked: int = 0
    otherwise: int = 0
    worst: list[str] = field(default_factory=list)


def tally(
    wanted: Iterable[Path], before: Mapping[Path, bytes], after: Mapping[Path, bytes],
    told: Mapping[Path, Told] | None = None,
) -> Tally:
    """Count what came of the files.

    Args:
        wanted: Their names.
        before: Their contents.
        after: What came of them.
        told: What was said of them; where nothing could be, nothing is asked for.
    """
    count = Tally()
    for path in wanted:
        old, new = units.read(path, before[path]), units.read(path, after[path])
        was = judge(old.text, world()) if old is not None else None
        _one(count, path, judge(new.text, world()) if new is not None else None, was)
        for edit in kept.edits(path, before[path], after[path]):
            count.edits += 1
            count.worst.append(f"{path}: edit: {edit}")
        said = told.get(path, Told()) if told is not None else None
        if said is not None and not said.left and old is not None and new is not None:
            _silent(count, path, judge(new.text, world()), old, new, said)
    return count


def _one(count: Tally, path: Path, verdict: Verdict | None, was: Verdict | None) -> None:
    count.files += 1
    names = was.names if was is not None else 0
    count.names += names
    parsed = was is not None and was.parses
    if verdict is None or not verdict.parses:
        count.broken += parsed
        if parsed:
            count.worst.append(f"{path}: does not parse any more")
    if verdict is None:
        return
    count.parse += verdict.parses
    missing = sum(one.of_keras and not one.resolves(world()) for one in verdict.imported)
    count.found += max(0, names - missing)
    count.resolve += verdict.resolves
    count.clean += verdict.clean
    count.convolutions += sum(one.kind == "convolution" and one.literal for one in verdict.faults)
    count.worst += [f"{path}:{one.line}: {one.kind}: {one.what}" for one in verdict.faults]


def _silent(count: Tally, path: Path, verdict: Verdict, old: Unit, new: Unit, told: Told) -> None:
    lines = origin(old, new)
    watched = [*verdict.unresolved, *(one for one in verdict.faults if one.kind == "convolution")]
    for fault in watched:
        places = {old.places[line] for at in range(fault.line, fault.end + 1) for line in lines.get(at - 1, ())}
        if not places & told.notes:
            count.silent += 1
            count.worst.append(f"{path}:{fault.line}: not reported: {_what(fault)}")


def _what(fault: Fault) -> str:
    return f"{fault.kind} {fault.what}"


def origin(old: Unit, new: Unit) -> dict[int, range]:
    """Return by each line of the new text, from 0, the lines of the old one that it came from."""
    found: dict[int, range] = {}
    matcher = difflib.SequenceMatcher(None, old.lines, new.lines, autojunk=False)
    for what, begin, end, first, last in matcher.get_opcodes():
        for place, line in enumerate(range(first, last)):
            same = what == "equal" or end - begin == last - first
            found[line] = range(begin + place, begin + place + 1) if same else range(begin, end)
    return found
