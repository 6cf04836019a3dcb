"""Find the files to migrate below the given paths."""

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

# Folders of generated or third-party files, by name; environments are recognized by their content.
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
# `--ignored` only reads git's own lists; fsmonitor is off because a repository can configure a program for it.
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
class FoundFile:
    """File to check.

    Attributes:
        path: Path for messages.
        relative_path: Path below the given folder.
        project_root: Root folder of the project, or the given folder.
        error: For a folder that cannot be read, the reason; else empty.
    """

    path: Path
    relative_path: Path
    project_root: Path
    error: str = ""


def find_files(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """Yield the files to check in order, each once.

    Symbolic links are not followed, except for a given folder. Files that git ignores are skipped unless given
    explicitly; so are virtual environments, caches and third-party packages.

    Raises:
        PreconditionError: If a path does not exist or has an unsupported type.
    """
    roots = [
        path
        for index, path in enumerate(paths)
        if not any(_is_covered(paths, other_index, index) for other_index in range(len(paths)))
    ]
    for path in roots:
        _check_path(path)
    return (file for path in roots for file in _files_below(path))


def _is_covered(paths: Sequence[Path], other_index: int, index: int) -> bool:
    """Return whether a path is a duplicate or below another given path."""
    path, other_path = paths[index].resolve(), paths[other_index].resolve()
    return other_index != index and (path.is_relative_to(other_path) if path != other_path else other_index < index)


def _files_below(path: Path) -> Iterator[FoundFile]:
    if path.is_dir():
        project_root, ignored_paths = _project_root(path), _git_ignored(path)
        yield from (
            FoundFile(file_path, file_path.relative_to(path), project_root, error)
            for file_path, error in _walk(path, ignored_paths)
        )
        return
    yield FoundFile(path, path, _project_root(path.parent))


def _check_path(path: Path) -> None:
    if path.is_dir():
        return
    if not path.is_symlink() and not path.is_file():
        raise PreconditionError(
            f"{path} does not exist or is not a file or folder", code="path-not-found", hint="name files or folders"
        )
    if not is_supported(Path(path.name)) and not is_supported(path):
        raise PreconditionError(
            f"migrate does not support this type of file: {path}",
            code="file-type-unsupported",
            hint="name Python files, notebooks, requirements, Dockerfiles or CI files, or a folder",
        )


def _walk(root: Path, ignored_paths: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Yield files in order of their names, and unreadable folders with the reason."""
    pending: list[os.DirEntry[str] | Path] = [root]  # a stack: folders may be nested deeper than the recursion limit
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
            pending += [entry for entry in entries if _is_candidate_entry(entry, root, ignored_paths)]


def _is_candidate_entry(entry: os.DirEntry[str], root: Path, ignored_paths: frozenset[str]) -> bool:
    relative_path = Path(entry.path).relative_to(root)
    if entry.is_symlink() or relative_path.as_posix() in ignored_paths:
        return False
    return entry.name not in SKIPPED_FOLDERS if entry.is_dir() else entry.is_file() and is_supported(relative_path)


@lru_cache(maxsize=16)
def _git_ignored(folder: Path) -> frozenset[str]:
    """Return the paths that git ignores, relative to the folder; empty outside a repository."""
    try:
        result = process.run(["git", "-C", str(folder), *GIT_IGNORED_ARGS], timeout_s=GIT_TIMEOUT_S)
    except (OSError, process.TimeoutExpired):
        return frozenset()
    paths = result.out.split("\0") if result.code == 0 else []
    return frozenset(path.rstrip("/") for path in paths if path not in {"", "./"})


def _project_root(folder: Path) -> Path:
    """Return the root of the git repository, or the given folder if there is none."""
    start = folder.resolve()
    return next((candidate for candidate in (start, *start.parents) if (candidate / ".git").exists()), start)
