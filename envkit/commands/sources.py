"""Which files below the paths that somebody names are looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import proc
from envkit.errors import Refusal
from envkit.migrate.file import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What no person wrote, by its folder's name; environments are known by what they hold.
SKIPPED = {
    ".git", ".hg", ".svn", "node_modules", "__pycache__", ".ipynb_checkpoints", "site-packages", ".tox", ".nox",
    ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
}
ENVIRONMENT = {"pyvenv.cfg", "conda-meta"}
# `--ignored` reads no file but git's own lists; what a repository would have run meanwhile is switched off.
IGNORED = ("-c", "core.fsmonitor=false", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
GIT_S = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at.

    Attributes:
        path: As people would name it.
        below: The same, below what was named.
        top: The folder at which its project begins, as far as that can be told.
        trouble: Of a folder that stands here because nobody can look into it, why.
    """

    path: Path
    below: Path
    top: Path
    trouble: str = ""


def gather(paths: Sequence[Path]) -> Iterator[Source]:
    """Return the files to look at, in order, each once, as they are found.

    Links are not followed, but the folder that is named may be one. What git ignores is left out, unless it is named
    itself; so are environments, caches and other people's packages.

    Raises:
        Refusal: There is no such path, or it is of a kind that says nothing to us.
    """
    whole = [path for at, path in enumerate(paths) if not any(_holds(paths, other, at) for other in range(len(paths)))]
    for path in whole:
        _refuse(path)
    return (source for path in whole for source in _below(path))


def _holds(paths: Sequence[Path], other: int, at: int) -> bool:
    """Say whether a path is named again, or lies below another one that is."""
    mine, its = paths[at].resolve(), paths[other].resolve()
    return other != at and (mine.is_relative_to(its) if mine != its else other < at)


def _below(path: Path) -> Iterator[Source]:
    if path.is_dir():
        top, ignored = _top(path), _ignored(path)
        yield from (Source(one, one.relative_to(path), top, trouble) for one, trouble in _walk(path, ignored))
        return
    yield Source(path, path, _top(path.parent))


def _refuse(path: Path) -> None:
    if path.is_dir():
        return
    if not path.is_symlink() and not path.is_file():
        raise Refusal(f"there is no file or folder {path}", mend="name files, or folders to look through")
    if not is_known(Path(path.name)) and not is_known(path):
        raise Refusal(
            f"{path} is no kind of file that can be migrated",
            mend="name Python files, notebooks, requirements, Dockerfiles or CI files, or a folder",
        )


def _walk(top: Path, ignored: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Yield files in the order of their names, and folders that nobody can look into with the reason."""
    waiting: list[os.DirEntry[str] | Path] = [top]  # the next one last; folders may be nested deeper than calls
    while waiting:
        one = waiting.pop()
        path = Path(one)
        if not one.is_dir():
            yield path, ""
            continue
        try:
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield path, error.strerror or str(error)
            continue
        if path == top or not any(entry.name in ENVIRONMENT for entry in entries):
            waiting += [entry for entry in entries if _is_wanted(entry, top, ignored)]


def _is_wanted(one: os.DirEntry[str], top: Path, ignored: frozenset[str]) -> bool:
    below = Path(one.path).relative_to(top)
    if one.is_symlink() or below.as_posix() in ignored:
        return False
    return one.name not in SKIPPED if one.is_dir() else one.is_file() and is_known(below)


@lru_cache(maxsize=16)
def _ignored(folder: Path) -> frozenset[str]:
    """Return what git ignores below a folder, by paths below it; nothing where git does not know."""
    try:
        done = proc.run(["git", "-C", str(folder), *IGNORED], timeout_s=GIT_S)
    except (OSError, proc.TimeoutExpired):
        return frozenset()
    found = done.out.split("\0") if done.code == 0 else []
    return frozenset(one.rstrip("/") for one in found if one not in {"", "./"})


def _top(folder: Path) -> Path:
    """Return the folder that git manages, or the one that was named where there is none."""
    start = folder.resolve()
    return next((one for one in (start, *start.parents) if (one / ".git").exists()), start)
