"""Migrate one file: read, rewrite, compare, write. An error affects only the result of that file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit.commands.migrate import project_stars
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.fs import replace as replace_
from envkit.migrate import dispatch, notebook
from envkit.migrate.dispatch import PROJECT_STAR_RULE
from envkit.report import diff
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.migrate.discovery import FoundFile
    from envkit.migrate.outcome import Note, Outcome, Rewrite

SIZE_LIMIT_BYTES = 64 << 20
# In Python and, after a quote, in the JSON of a notebook.
KERAS_IMPORT = re.compile(rb"(?:^|[\"\n])[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w., \t]+,[ \t]*)?)keras\b")


@dataclass(frozen=True, slots=True)
class Job:
    """Settings for every file.

    Attributes:
        migrate_python: Function that migrates Python source.
        release: Target TensorFlow release.
        disabled_rules: Ids of disabled rules.
        show_diff: Whether to create diffs.
        diff_by_cell: Whether the diff of a notebook is by cell, for people, or by line of the file, for `patch`.
    """

    migrate_python: Callable[[bytes], Outcome]
    release: str
    disabled_rules: frozenset[str]
    show_diff: bool
    diff_by_cell: bool = False


@dataclass(frozen=True, slots=True)
class FileResult:
    """Result for a file.

    Attributes:
        path: Path as given by the user.
        rewrites: Rewrites, applied or planned.
        notes: Notes for the user.
        written: Whether the file was written.
        skip_reason: Reason why the file was skipped, or empty.
        hint: Fix for a skipped file, or empty.
        diff: Diff of the changes, or empty.
        original_digest: Digest of the original content if there are changes, else empty.
        content: New content, or empty.
    """

    path: str
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[Note, ...] = ()
    written: bool = False
    skip_reason: str = ""
    hint: str = ""
    diff: str = field(default="", repr=False)
    original_digest: bytes = field(default=b"", repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.rewrites or self.notes or self.skip_reason)


def is_candidate(file: FoundFile) -> bool:
    """Return whether a file may need changes; unreadable files count, so that they are reported."""
    if file.error or file.path.is_symlink():
        return True
    try:
        content = files.read(file.path, SIZE_LIMIT_BYTES)
    except (OSError, PreconditionError):
        return True
    if content is None:
        return False
    return dispatch.mentions_keras(file.relative_path, content) or bool(project_stars.notes(file, content))


def migrate_file(file: FoundFile, job: Job) -> FileResult:
    """Migrate one file without writing it; every error becomes part of the result."""
    path = str(file.path)
    try:
        return _migrate(file, job)
    except PreconditionError as error:
        return FileResult(path, skip_reason=error.message, hint=error.hint)
    except OSError as error:
        return _access_failure(path, error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - a bug that affects one file must not stop the others
        return FileResult(
            path, skip_reason=single_line(f"a bug in envkit: {type(error).__name__}: {error}"), hint="report this bug"
        )


def write(result: FileResult) -> FileResult:
    """Write the migrated file. The main process does this, because a worker that crashes cannot report a result."""
    try:
        if replace_.replace_if_unchanged(Path(result.path), result.original_digest, result.content):
            return replace(result, written=True)
    except OSError as error:
        return _keep_notes(result, _access_failure(result.path, error.strerror or str(error)))
    reason = "another process changed the file in the meantime, so it was not written"
    return _keep_notes(result, FileResult(result.path, skip_reason=reason, hint="repeat the command"))


def _keep_notes(result: FileResult, failure: FileResult) -> FileResult:
    """Return the failure with the notes of the result."""
    return replace(failure, notes=result.notes)


def crash_result(file: FoundFile) -> FileResult:
    """Return the result for a file that crashed its worker process."""
    return FileResult(str(file.path), skip_reason="the parser crashed", hint="report this bug")


def _migrate(file: FoundFile, job: Job) -> FileResult:
    path = str(file.path)
    if file.error:
        return _access_failure(path, file.error)
    if file.path.is_symlink():
        return FileResult(
            path, skip_reason="the file is a symbolic link; links are not followed", hint="name the target of the link"
        )
    content = files.read(file.path, SIZE_LIMIT_BYTES)
    if content is None:
        return FileResult(path, skip_reason="the file no longer exists", hint="repeat the command")
    if KERAS_IMPORT.search(content) and (
        local_keras := _find_local_keras(file.path.resolve().parent, file.project_root)
    ):
        return FileResult(
            path,
            skip_reason=f"`keras` is a module of this project: {local_keras.relative_to(file.project_root)}",
            hint="if the code needs standalone Keras, rename that module, then repeat the command",
        )
    outcome = dispatch.migrate(file.relative_path, content, job.migrate_python, job.release, job.disabled_rules)
    star_notes = project_stars.notes(file, content) if PROJECT_STAR_RULE not in job.disabled_rules else []
    notes = tuple(sorted((*outcome.notes, *star_notes), key=lambda note: (note.location.cell, note.location)))
    result = FileResult(path, outcome.rewrites, notes, skip_reason=outcome.error, hint=outcome.hint)
    if outcome.content == content:
        return result
    diff_text = _render_diff(file.path, content, outcome.content, job) if job.show_diff else ""
    return replace(result, diff=diff_text, original_digest=replace_.digest(content), content=outcome.content)


def _access_failure(path: str, reason: str) -> FileResult:
    return FileResult(path, skip_reason=f"cannot access the file: {reason}", hint="check the file and its permissions")


def _render_diff(path: Path, before: bytes, after: bytes, job: Job) -> str:
    if not job.diff_by_cell or path.suffix != dispatch.NOTEBOOK_SUFFIX:
        # Keep the bytes of any encoding in the printed diff.
        old_text, new_text = (content.decode("utf-8", "surrogateescape") for content in (before, after))
        return diff.unified(old_text, new_text, str(path))
    old_cells, new_cells = notebook.cells(before), notebook.cells(after)
    return "".join(diff.unified(text, new_cells[number], f"{path} cell {number}") for number, text in old_cells.items())


@lru_cache(maxsize=4096)
def _find_local_keras(folder: Path, project_root: Path) -> Path | None:
    """Find a module `keras` of the project that an import in the folder would load."""
    if not folder.is_relative_to(project_root):
        return None
    if not (folder / "__init__.py").exists():  # the folder of a package is not on sys.path
        for base in (folder, folder / "src"):
            for candidate in (base / "keras.py", base / "keras" / "__init__.py"):
                if candidate.is_file():
                    return candidate
    return _find_local_keras(folder.parent, project_root) if folder != project_root else None
