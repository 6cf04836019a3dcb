"""Count the results over all files."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.migrate import units, unwanted_edits
from benchmarks.migrate.api_index import api_index
from benchmarks.migrate.variants import MigrationReport
from benchmarks.migrate.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from benchmarks.migrate.units import Unit
    from benchmarks.migrate.verdict import Fault, Verdict


@dataclass(slots=True)
class Tally:
    """Counts over all files for one method.

    Attributes:
        files: Number of files.
        parse: Files that parse.
        broken: Files that parsed before but no longer do.
        names: Names imported from Keras.
        resolved_names: Imported names that resolve.
        resolve: Files in which every import resolves.
        clean: Files without faults.
        convolutions: Calls with three positional numbers, whose meaning changed.
        edits: Unwanted edits.
        unreported: Unresolved names without a note.
        unstable: Files changed by a second run.
        query_count: Imports and names checked with the real TensorFlow.
        disagreements: Queries that it resolves differently.
        problems: Descriptions of all problems, by file.
    """

    files: int = 0
    parse: int = 0
    broken: int = 0
    names: int = 0
    resolved_names: int = 0
    resolve: int = 0
    clean: int = 0
    convolutions: int = 0
    edits: int = 0
    unreported: int = 0
    unstable: int = 0
    query_count: int = 0
    disagreements: int = 0
    problems: list[str] = field(default_factory=list)


def tally(
    paths: Iterable[Path],
    before: Mapping[Path, bytes],
    after: Mapping[Path, bytes],
    reports: Mapping[Path, MigrationReport] | None = None,
) -> Tally:
    """Count the results of migrated files.

    Args:
        paths: Paths of the files.
        before: Original contents.
        after: Migrated contents.
        reports: Reports of envkit migrate; None for other methods, which need no notes.
    """
    totals = Tally()
    for path in paths:
        old, new = units.read(path, before[path]), units.read(path, after[path])
        old_verdict = judge(old.text, api_index()) if old is not None else None
        _count_file(totals, path, judge(new.text, api_index()) if new is not None else None, old_verdict)
        for edit in unwanted_edits.find(path, before[path], after[path]):
            totals.edits += 1
            totals.problems.append(f"{path}: edit: {edit}")
        report = reports.get(path, MigrationReport()) if reports is not None else None
        if report is not None and not report.skip_reason and old is not None and new is not None:
            _count_unreported(totals, path, judge(new.text, api_index()), old, new, report)
    return totals


def _count_file(totals: Tally, path: Path, verdict: Verdict | None, old_verdict: Verdict | None) -> None:
    totals.files += 1
    names = old_verdict.name_count if old_verdict is not None else 0
    totals.names += names
    did_parse = old_verdict is not None and old_verdict.parses
    if verdict is None or not verdict.parses:
        totals.broken += did_parse
        if did_parse:
            totals.problems.append(f"{path}: no longer parses")
    if verdict is None:
        return
    totals.parse += verdict.parses
    missing = sum(imported.is_keras and not imported.resolves(api_index()) for imported in verdict.imported_names)
    totals.resolved_names += max(0, names - missing)
    totals.resolve += verdict.imports_resolve
    totals.clean += verdict.is_clean
    totals.convolutions += sum(fault.kind == "convolution" and fault.literal for fault in verdict.faults)
    totals.problems += [f"{path}:{fault.line}: {fault.kind}: {fault.name}" for fault in verdict.faults]


def _count_unreported(
    totals: Tally, path: Path, verdict: Verdict, old: Unit, new: Unit, report: MigrationReport
) -> None:
    lines = map_lines(old, new)
    unresolved = [*verdict.unresolved, *(fault for fault in verdict.faults if fault.kind == "convolution")]
    for fault in unresolved:
        origins = {
            old.positions[line] for number in range(fault.line, fault.end + 1) for line in lines.get(number - 1, ())
        }
        if not origins & report.notes:
            totals.unreported += 1
            totals.problems.append(f"{path}:{fault.line}: not reported: {_fault_text(fault)}")


def _fault_text(fault: Fault) -> str:
    return f"{fault.kind} {fault.name}"


def map_lines(old: Unit, new: Unit) -> dict[int, range]:
    """Map each 0-based line of the new text to its original lines in the old text."""
    line_map: dict[int, range] = {}
    matcher = difflib.SequenceMatcher(None, old.lines, new.lines, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        for index, line in enumerate(range(new_start, new_end)):
            is_aligned = tag == "equal" or old_end - old_start == new_end - new_start
            line_map[line] = (
                range(old_start + index, old_start + index + 1) if is_aligned else range(old_start, old_end)
            )
    return line_map
