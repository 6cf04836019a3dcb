"""One file of `migrate`: read, migrated, compared, written. All that goes wrong with it is told of it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import files
from envkit.commands import replaced
from envkit.errors import Refusal
from envkit.migrate import file, notebook
from envkit.plain import line
from envkit.report import diff

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.sources import Source
    from envkit.migrate.outcome import Note, Outcome, Rewrite

SIZE_LIMIT_BYTES = 64 << 20
# In Python and, behind a quote, in a notebook's JSON.
IMPORT = re.compile(rb"(?:^|[\"\n])[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w., \t]+,[ \t]*)?)keras\b")


@dataclass(frozen=True, slots=True)
class Job:
    """What is done to every file.

    Attributes:
        code: Migrates Python.
        release: Of TensorFlow.
        off: Rules that are switched off.
        compare: Whether what changes is to be shown.
        by_cell: Whether that of a notebook is shown by its cells, for people; else by its file's lines, for `patch`.
    """

    code: Callable[[bytes], Outcome]
    release: str
    off: frozenset[str]
    compare: bool
    by_cell: bool = False


@dataclass(frozen=True, slots=True)
class Ported:
    """What came of a file.

    Attributes:
        path: As it was named.
        rewrites: What was rewritten, or would be.
        notes: What somebody should know.
        written: Whether it was written.
        left: Why nothing could be done with it, or empty.
        mend: What helps then.
        diff: What changes, for people.
        before: The digest of what was read, where there is something to write.
        content: What is to be written, or nothing.
    """

    path: str
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[Note, ...] = ()
    written: bool = False
    left: str = ""
    mend: str = ""
    diff: str = field(default="", repr=False)
    before: bytes = field(default=b"", repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.rewrites or self.notes or self.left)


def mentions(source: Source) -> bool:
    """Say whether a file is worth a look; one that cannot be read is, so that it is told."""
    if source.trouble or source.path.is_symlink():
        return True
    try:
        content = files.read(source.path, SIZE_LIMIT_BYTES)
    except (OSError, Refusal):
        return True
    return content is not None and file.mentions(source.below, content)


def port(source: Source, job: Job) -> Ported:
    """Migrate one file, and change nothing yet; whatever happens is said of it, and never stops the next."""
    path = str(source.path)
    try:
        return _ported(source, job)
    except Refusal as error:
        return Ported(path, left=error.message, mend=error.mend)
    except OSError as error:
        return _unusable(path, error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - a bug in one file's way must not cost the others
        return Ported(path, left=line(f"a bug in envkit: {type(error).__name__}: {error}"), mend="please report it")


def written(one: Ported) -> Ported:
    """Write what came of a file. That is done here and not where it was made: a process that dies tells nothing."""
    try:
        if replaced.replace(Path(one.path), one.before, one.content):
            return replace(one, written=True)
    except OSError as error:
        return _unwritten(one, _unusable(one.path, error.strerror or str(error)))
    meanwhile = "somebody changed it meanwhile, so it was not written"
    return _unwritten(one, Ported(one.path, left=meanwhile, mend="repeat the command"))


def _unwritten(one: Ported, left: Ported) -> Ported:
    """Say why a file was left; what a person should know of it stays."""
    return replace(left, notes=one.notes)


def lost(source: Source) -> Ported:
    """Say that a file took its process with it."""
    return Ported(str(source.path), left="the parser crashed on it", mend="please report it")


def _ported(source: Source, job: Job) -> Ported:
    path = str(source.path)
    if source.trouble:
        return _unusable(path, source.trouble)
    if source.path.is_symlink():
        return Ported(path, left="it is a link, and no link is followed", mend="name the file that it leads to")
    content = files.read(source.path, SIZE_LIMIT_BYTES)
    if content is None:
        return Ported(path, left="it is no file any more", mend="repeat the command")
    if IMPORT.search(content) and (own := _own_keras(source.path.resolve().parent, source.top)):
        return Ported(
            path, left=f"`keras` is {own.relative_to(source.top)} here, a module of the project's own",
            mend="give that another name if standalone Keras is meant, then repeat the command",
        )
    outcome = file.migrate(source.below, content, job.code, job.release, job.off)
    told = Ported(path, outcome.rewrites, outcome.notes, left=outcome.unreadable, mend=outcome.mend)
    if outcome.content == content:
        return told
    shown = _difference(source.path, content, outcome.content, job) if job.compare else ""
    return replace(told, diff=shown, before=replaced.digest(content), content=outcome.content)


def _unusable(path: str, why: str) -> Ported:
    return Ported(path, left=f"it cannot be used: {why}", mend="look at it and who may use it")


def _difference(path: Path, before: bytes, after: bytes, job: Job) -> str:
    if not job.by_cell or path.suffix != file.NOTEBOOK:
        # Whatever its encoding: what is printed to a file has the bytes that it had.
        old_text, new_text = (one.decode("utf-8", "surrogateescape") for one in (before, after))
        return diff.unified(old_text, new_text, str(path))
    old, new = notebook.cells(before), notebook.cells(after)
    return "".join(diff.unified(text, new[number], f"{path} cell {number}") for number, text in old.items())


@lru_cache(maxsize=4096)
def _own_keras(folder: Path, top: Path) -> Path | None:
    """Return the project's own module `keras` that an import in a folder would find."""
    if not folder.is_relative_to(top):
        return None
    if not (folder / "__init__.py").exists():  # a package's folder is on nobody's path
        for base in (folder, folder / "src"):
            for own in (base / "keras.py", base / "keras" / "__init__.py"):
                if own.is_file():
                    return own
    return _own_keras(folder.parent, top) if folder != top else None
