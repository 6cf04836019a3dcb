"""One file of `migrate`: read, migrated, compared, written. All that goes wrong with it is told of it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.fs import replace as replace_
from envkit.migrate import dispatch, notebook
from envkit.report import diff
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.migrate.discovery import Source
    from envkit.migrate.outcome import Note, Outcome, Rewrite

SIZE_LIMIT_BYTES = 64 << 20
# In Python and, behind a quote, in a notebook's JSON.
KERAS_IMPORT = re.compile(rb"(?:^|[\"\n])[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w., \t]+,[ \t]*)?)keras\b")


@dataclass(frozen=True, slots=True)
class Job:
    """What is done to every file.

    Attributes:
        migrate_python: Migrates Python.
        release: Of TensorFlow.
        disabled_rules: Rules that are switched off.
        show_diff: Whether what changes is to be shown.
        diff_by_cell: Whether that of a notebook is shown by its cells, for people; else by its file's lines, for `patch`.
    """

    migrate_python: Callable[[bytes], Outcome]
    release: str
    disabled_rules: frozenset[str]
    show_diff: bool
    diff_by_cell: bool = False


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of a file.

    Attributes:
        path: As it was named.
        rewrites: What was rewritten, or would be.
        notes: What somebody should know.
        written: Whether it was written.
        skip_reason: Why nothing could be done with it, or empty.
        hint: What helps then.
        diff: What changes, for people.
        original_digest: The digest of what was read, where there is something to write.
        content: What is to be written, or nothing.
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
        """Whether there is nothing to tell."""
        return not (self.rewrites or self.notes or self.skip_reason)


def is_candidate(source: Source) -> bool:
    """Say whether a file is worth a look; one that cannot be read is, so that it is told."""
    if source.error or source.path.is_symlink():
        return True
    try:
        content = files.read(source.path, SIZE_LIMIT_BYTES)
    except (OSError, PreconditionError):
        return True
    return content is not None and dispatch.mentions_keras(source.relative_path, content)


def migrate_file(source: Source, job: Job) -> FileResult:
    """Migrate one file, and change nothing yet; whatever happens is said of it, and never stops the next."""
    path = str(source.path)
    try:
        return _migrate(source, job)
    except PreconditionError as error:
        return FileResult(path, skip_reason=error.message, hint=error.hint)
    except OSError as error:
        return _access_failure(path, error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - a bug in one file's way must not cost the others
        return FileResult(
            path, skip_reason=single_line(f"a bug in envkit: {type(error).__name__}: {error}"), hint="please report it"
        )


def write(result: FileResult) -> FileResult:
    """Write what came of a file. That is done here and not where it was made: a process that dies tells nothing."""
    try:
        if replace_.replace_if_unchanged(Path(result.path), result.original_digest, result.content):
            return replace(result, written=True)
    except OSError as error:
        return _keep_notes(result, _access_failure(result.path, error.strerror or str(error)))
    reason = "somebody changed it meanwhile, so it was not written"
    return _keep_notes(result, FileResult(result.path, skip_reason=reason, hint="repeat the command"))


def _keep_notes(result: FileResult, failure: FileResult) -> FileResult:
    """Say why a file was left; what a person should know of it stays."""
    return replace(failure, notes=result.notes)


def crash_result(source: Source) -> FileResult:
    """Say that a file took its process with it."""
    return FileResult(str(source.path), skip_reason="the parser crashed on it", hint="please report it")


def _migrate(source: Source, job: Job) -> FileResult:
    path = str(source.path)
    if source.error:
        return _access_failure(path, source.error)
    if source.path.is_symlink():
        return FileResult(
            path, skip_reason="it is a link, and no link is followed", hint="name the file that it leads to"
        )
    content = files.read(source.path, SIZE_LIMIT_BYTES)
    if content is None:
        return FileResult(path, skip_reason="it is no file any more", hint="repeat the command")
    if KERAS_IMPORT.search(content) and (
        local_keras := _find_local_keras(source.path.resolve().parent, source.project_root)
    ):
        return FileResult(
            path,
            skip_reason=f"`keras` is {local_keras.relative_to(source.project_root)} here, a module of the project's own",
            hint="give that another name if standalone Keras is meant, then repeat the command",
        )
    outcome = dispatch.migrate(source.relative_path, content, job.migrate_python, job.release, job.disabled_rules)
    result = FileResult(path, outcome.rewrites, outcome.notes, skip_reason=outcome.error, hint=outcome.hint)
    if outcome.content == content:
        return result
    diff_text = _render_diff(source.path, content, outcome.content, job) if job.show_diff else ""
    return replace(result, diff=diff_text, original_digest=replace_.digest(content), content=outcome.content)


def _access_failure(path: str, reason: str) -> FileResult:
    return FileResult(path, skip_reason=f"it cannot be used: {reason}", hint="look at it and who may use it")


def _render_diff(path: Path, before: bytes, after: bytes, job: Job) -> str:
    if not job.diff_by_cell or path.suffix != dispatch.NOTEBOOK_SUFFIX:
        # Whatever its encoding: what is printed to a file has the bytes that it had.
        old_text, new_text = (content.decode("utf-8", "surrogateescape") for content in (before, after))
        return diff.unified(old_text, new_text, str(path))
    old_cells, new_cells = notebook.cells(before), notebook.cells(after)
    return "".join(diff.unified(text, new_cells[number], f"{path} cell {number}") for number, text in old_cells.items())


@lru_cache(maxsize=4096)
def _find_local_keras(folder: Path, project_root: Path) -> Path | None:
    """Return the project's own module `keras` that an import in a folder would find."""
    if not folder.is_relative_to(project_root):
        return None
    if not (folder / "__init__.py").exists():  # a package's folder is on nobody's path
        for base in (folder, folder / "src"):
            for candidate in (base / "keras.py", base / "keras" / "__init__.py"):
                if candidate.is_file():
                    return candidate
    return _find_local_keras(folder.parent, project_root) if folder != project_root else None
