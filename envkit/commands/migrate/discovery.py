"""Which files below the paths that somebody names are looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import process
from envkit.errors import PreconditionError
from envkit.migrate.dispatch import is_supported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What no person wrote, by its folder's name; environments are known by what they hold.
SKIPPED_FOLDERS = {
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "__pycache__",
    ".ipynb_checkpoints",
    "site-packages",
    ".tox",
    ".nox",
    ".eggs",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}
ENVIRONMENT_MARKERS = {"pyvenv.cfg", "conda-meta"}
# `--ignored` reads no file but git's own lists; what a repository would have run meanwhile is switched off.
GIT_IGNORED_ARGS = (
    "-c",
    "core.fsmonitor=false",
    "ls-files",
    "--others",
    "--ignored",
    "--exclude-standard",
    "--directory",
    "-z",
)
GIT_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at.

    Attributes:
        path: As people would name it.
        relative_path: The same, below what was named.
        project_root: The folder at which its project begins, as far as that can be told.
        error: Of a folder that stands here because nobody can look into it, why.
    """

    path: Path
    relative_path: Path
    project_root: Path
    error: str = ""


def find_sources(paths: Sequence[Path]) -> Iterator[Source]:
    """Return the files to look at, in order, each once, as they are found.

    Links are not followed, but the folder that is named may be one. What git ignores is left out, unless it is named
    itself; so are environments, caches and other people's packages.

    Raises:
        Refusal: There is no such path, or it is of a kind that says nothing to us.
    """
    roots = [
        path
        for index, path in enumerate(paths)
        if not any(_is_covered(paths, other_index, index) for other_index in range(len(paths)))
    ]
    for path in roots:
        _check_path(path)
    return (source for path in roots for source in _sources_below(path))


def _is_covered(paths: Sequence[Path], other_index: int, index: int) -> bool:
    """Say whether a path is named again, or lies below another one that is."""
    path, other_path = paths[index].resolve(), paths[other_index].resolve()
    return other_index != index and (path.is_relative_to(other_path) if path != other_path else other_index < index)


def _sources_below(path: Path) -> Iterator[Source]:
    if path.is_dir():
        project_root, ignored_paths = _project_root(path), _git_ignored(path)
        yield from (
            Source(file_path, file_path.relative_to(path), project_root, error)
            for file_path, error in _walk(path, ignored_paths)
        )
        return
    yield Source(path, path, _project_root(path.parent))


def _check_path(path: Path) -> None:
    if path.is_dir():
        return
    if not path.is_symlink() and not path.is_file():
        raise PreconditionError(f"there is no file or folder {path}", hint="name files, or folders to look through")
    if not is_supported(Path(path.name)) and not is_supported(path):
        raise PreconditionError(
            f"{path} is no kind of file that can be migrated",
            hint="name Python files, notebooks, requirements, Dockerfiles or CI files, or a folder",
        )


def _walk(root: Path, ignored_paths: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Yield files in the order of their names, and folders that nobody can look into with the reason."""
    pending: list[os.DirEntry[str] | Path] = [root]  # the next one last; folders may be nested deeper than calls
    while pending:
        current = pending.pop()
        path = Path(current)
        if not current.is_dir():
            yield path, ""
            continue
        try:
            with os.scandir(path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield path, error.strerror or str(error)
            continue
        if path == root or not any(entry.name in ENVIRONMENT_MARKERS for entry in entries):
            pending += [entry for entry in entries if _is_source(entry, root, ignored_paths)]


def _is_source(entry: os.DirEntry[str], root: Path, ignored_paths: frozenset[str]) -> bool:
    relative_path = Path(entry.path).relative_to(root)
    if entry.is_symlink() or relative_path.as_posix() in ignored_paths:
        return False
    return entry.name not in SKIPPED_FOLDERS if entry.is_dir() else entry.is_file() and is_supported(relative_path)


@lru_cache(maxsize=16)
def _git_ignored(folder: Path) -> frozenset[str]:
    """Return what git ignores below a folder, by paths below it; nothing where git does not know."""
    try:
        result = process.run(["git", "-C", str(folder), *GIT_IGNORED_ARGS], timeout_s=GIT_TIMEOUT_S)
    except (OSError, process.TimeoutExpired):
        return frozenset()
    paths = result.out.split("\0") if result.code == 0 else []
    return frozenset(path.rstrip("/") for path in paths if path not in {"", "./"})


def _project_root(folder: Path) -> Path:
    """Return the folder that git manages, or the one that was named where there is none."""
    start = folder.resolve()
    return next((candidate for candidate in (start, *start.parents) if (candidate / ".git").exists()), start)
