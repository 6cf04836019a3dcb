"""`migrate`: convert standalone Keras to `tf.keras`, file by file; files change only with `--write`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from envkit.commands.migrate import discovery, file_job, worker_pool
from envkit.commands.migrate.file_job import Job
from envkit.errors import ExitCode, PreconditionError
from envkit.migrate import dispatch, python
from envkit.migrate.outcome import Kind
from envkit.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from envkit.commands.migrate.discovery import FoundFile
    from envkit.commands.migrate.file_job import FileResult

    ScanCallback = Callable[[int, Callable[[], int]], None]

# Notes about code that does not run; other notes are permanent and do not fail a check.
TODO_KINDS = {Kind.REVIEW, Kind.IMPOSSIBLE, Kind.UNRESOLVED}


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """Result for all files.

    Attributes:
        release: Target TensorFlow release.
        file_count: Number of files checked.
        written: Whether changes were written.
        files: Results that are not empty.
        warning: Problem that concerns no single file, or empty.
    """

    release: str
    file_count: int
    written: bool
    files: tuple[FileResult, ...]
    warning: str = ""


def migrate(
    paths: Sequence[Path],
    job: Job,
    *,
    write: bool = False,
    check: bool = False,
    on_file: Callable[[FileResult], None],
    on_scan: ScanCallback,
) -> Report[MigrateResult]:
    """Migrate files and the files below folders.

    Args:
        paths: Files and folders.
        job: Job for each file.
        write: Whether to change files.
        check: Whether remaining work sets the exit code.
        on_file: Callback for the result of each file, in order.
        on_scan: Callback for the number of files scanned, with a function that counts all files.

    Raises:
        PreconditionError: If a path does not exist or has an unsupported type, or files would be written although git
            cannot tell which ones it ignores.
    """
    all_files = discovery.find_files(paths)
    warning = _check_ignored_files(paths, write=write)
    file_results, suffix_counts = [], Counter[str]()
    candidates = _filter_candidates(paths, all_files, suffix_counts, on_scan)
    for migration in worker_pool.map_ordered(
        candidates, partial(file_job.migrate_file, job=job), on_crash=file_job.crash_result
    ):
        file_result = file_job.write(migration) if write and migration.original_digest else migration
        if not file_result.is_empty:
            on_file(file_result)
            file_results.append(replace(file_result, diff="", content=b""))
    result = MigrateResult(job.release, suffix_counts.total(), write, tuple(file_results), warning)
    return Report("migrate", " ".join(map(str, paths)), result, exit_code=_exit_code(file_results, check=check))


def _check_ignored_files(paths: Sequence[Path], *, write: bool) -> str:
    """Return a warning if git cannot tell which files it ignores; nothing may be written then."""
    try:
        discovery.check_ignored_files(paths)
    except PreconditionError as error:
        if write:
            raise
        return f"{error.message}, so they are included: {error.detail}; hint: {error.hint}"
    return ""


def _filter_candidates(
    paths: Sequence[Path], all_files: Iterable[FoundFile], suffix_counts: Counter[str], on_scan: ScanCallback
) -> Iterator[FoundFile]:
    for file in all_files:
        suffix_counts[file.path.suffix] += 1
        on_scan(suffix_counts.total(), lambda: sum(1 for _ in discovery.find_files(paths)))
        if file_job.is_candidate(file):
            if file.path.suffix in {*dispatch.PYTHON_SUFFIXES, dispatch.NOTEBOOK_SUFFIX}:
                python.load_transform()  # before the first fork, so the workers share it and an error ends the command
            yield file


def _exit_code(file_results: Sequence[FileResult], *, check: bool) -> ExitCode:
    if any(file_result.skip_reason for file_result in file_results):
        return ExitCode.UNREADABLE
    has_todo = any(
        file_result.rewrites or any(note.kind in TODO_KINDS for note in file_result.notes)
        for file_result in file_results
    )
    return ExitCode.CHECK_FAILED if check and has_todo else ExitCode.OK


def create_job(release: str, disabled: Sequence[str], *, show_diff: bool, by_cell: bool = False) -> Job:
    """Create the job for every file.

    Args:
        release: Target TensorFlow release.
        disabled: Ids of disabled rules.
        show_diff: Whether to create diffs.
        by_cell: Whether the diff of a notebook is by cell instead of by line of the file.

    Raises:
        PreconditionError: If the release or a rule is unknown.
    """
    from envkit.migrate import tf_api
    from envkit.migrate.rules.table import RULE_TABLE

    target = tf_api.load(release)
    unknown_rules = sorted(set(disabled) - {*dispatch.RULES, *RULE_TABLE})
    if unknown_rules:
        raise PreconditionError(
            f"unknown rule {unknown_rules[0]}", code="unknown-rule", hint="use the id in brackets after a note"
        )
    disabled_rules = frozenset(disabled)
    return Job(
        partial(python.migrate, api=target, disabled_rules=disabled_rules),
        release,
        disabled_rules,
        show_diff=show_diff,
        diff_by_cell=by_cell,
    )
