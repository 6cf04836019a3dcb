"""`migrate`: standalone Keras to `tf.keras`, file by file; nothing is changed unless that is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from envkit.commands.migrate import discovery, file_job, worker_pool
from envkit.commands.migrate.file_job import Job
from envkit.errors import ExitCode, PreconditionError
from envkit.migrate import dispatch
from envkit.migrate.outcome import Kind
from envkit.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from envkit.commands.migrate.discovery import Source
    from envkit.commands.migrate.file_job import FileResult

    ScanCallback = Callable[[int, Callable[[], int]], None]

# What keeps code from running; the rest is to be known, and stays true for ever.
TODO_KINDS = {Kind.REVIEW, Kind.IMPOSSIBLE, Kind.UNRESOLVED}


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """What came of all files.

    Attributes:
        release: Of TensorFlow, that was aimed at.
        file_count: How many files were looked at.
        written: Whether changes were written.
        files: Those of which there is something to tell.
    """

    release: str
    file_count: int
    written: bool
    files: tuple[FileResult, ...]


def migrate(
    paths: Sequence[Path],
    job: Job,
    *,
    write: bool = False,
    check: bool = False,
    on_file: Callable[[FileResult], None],
    on_scan: ScanCallback,
) -> Report[MigrateResult]:
    """Migrate files, and those below folders.

    Args:
        paths: Files and folders.
        job: What is done to each file.
        write: Whether files are changed.
        check: Whether it is a failed check that something is left to do.
        on_file: Gets what came of each file, as it comes.
        on_scan: Gets how many files were seen, and what counts all of them.

    Raises:
        Refusal: A path is none to look at.
    """
    file_results, suffix_counts = [], Counter[str]()
    candidates = _filter_candidates(paths, discovery.find_sources(paths), suffix_counts, on_scan)
    for migration in worker_pool.map_ordered(
        candidates, partial(file_job.migrate_file, job=job), on_crash=file_job.crash_result
    ):
        file_result = file_job.write(migration) if write and migration.original_digest else migration
        if not file_result.is_empty:
            on_file(file_result)
            file_results.append(replace(file_result, diff="", content=b""))
    result = MigrateResult(job.release, suffix_counts.total(), write, tuple(file_results))
    return Report("migrate", " ".join(map(str, paths)), result, exit_code=_exit_code(file_results, check=check))


def _filter_candidates(
    paths: Sequence[Path], all_sources: Iterable[Source], suffix_counts: Counter[str], on_scan: ScanCallback
) -> Iterator[Source]:
    for source in all_sources:
        suffix_counts[source.path.suffix] += 1
        on_scan(suffix_counts.total(), lambda: sum(1 for _ in discovery.find_sources(paths)))
        if file_job.is_candidate(source):
            from envkit.migrate.python import pipeline  # noqa: F401 - loaded before the first fork, so that each has it

            yield source


def _exit_code(file_results: Sequence[FileResult], *, check: bool) -> ExitCode:
    if any(file_result.skip_reason for file_result in file_results):
        return ExitCode.UNREADABLE
    has_todo = any(
        file_result.rewrites or any(note.kind in TODO_KINDS for note in file_result.notes)
        for file_result in file_results
    )
    return ExitCode.CHECK_FAILED if check and has_todo else ExitCode.OK


def create_job(release: str, disabled: Sequence[str], *, show_diff: bool, by_cell: bool = False) -> Job:
    """Return what is to be done to every file.

    Args:
        release: Of TensorFlow.
        disabled: Rules that are switched off.
        show_diff: Whether what changes is to be shown.
        by_cell: Whether that of a notebook is shown by its cells, and not by its file's lines.

    Raises:
        Refusal: The release, or a rule, is not known.
    """
    from envkit.migrate import python, tf_api
    from envkit.migrate.rules.table import RULE_TABLE

    target = tf_api.load(release)
    unknown_rules = sorted(set(disabled) - {*dispatch.RULES, *RULE_TABLE})
    if unknown_rules:
        raise PreconditionError(
            f"there is no rule {unknown_rules[0]}", hint="take the id that stands in brackets behind a note"
        )
    disabled_rules = frozenset(disabled)
    return Job(
        partial(python.migrate, api=target, disabled_rules=disabled_rules),
        release,
        disabled_rules,
        show_diff=show_diff,
        diff_by_cell=by_cell,
    )
