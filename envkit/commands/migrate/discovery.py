"""Find the files to migrate below the given paths."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import process
from envkit.errors import PreconditionError
from envkit.migrate.dispatch import is_supported
from envkit.sanitize import single_line

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


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """Answer of git for one folder.

    Attributes:
        ignored_paths: Ignored paths, relative to the folder.
        problem: Why the paths are unknown, or empty.
    """

    ignored_paths: frozenset[str] = frozenset()
    problem: str = ""


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


def check_ignored_files(paths: Sequence[Path]) -> None:
    """Check that git can tell which files it ignores below each given folder of a repository.

    Raises:
        PreconditionError: If git is not installed, fails, or refuses the repository.
    """
    for path in paths:
        if path.is_dir() and (problem := _ask_git(path).problem):
            root = _project_root(path)
            is_foreign = root.stat().st_uid != os.geteuid()
            trust_hint = f"run it as the owner, or git config --global --add safe.directory {shlex.quote(str(root))}"
            raise PreconditionError(
                f"cannot tell which files git ignores in {path}",
                code="git-ignored-files-unknown",
                detail=problem,
                hint=trust_hint if is_foreign else "install or repair git, or name the files instead of the folder",
            )


def _files_below(path: Path) -> Iterator[FoundFile]:
    if path.is_dir():
        project_root, ignored_paths = _project_root(path), _ask_git(path).ignored_paths
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
def _ask_git(folder: Path) -> GitAnswer:
    """Ask git which paths it ignores; outside a repository it ignores none."""
    if not _is_repository(_project_root(folder)):
        return GitAnswer()
    try:
        result = process.run(["git", "-C", str(folder), *GIT_IGNORED_ARGS], timeout_s=GIT_TIMEOUT_S)
    except FileNotFoundError:
        return GitAnswer(problem="git is not installed")
    except OSError as error:
        return GitAnswer(problem=f"git does not start: {error.strerror}")
    except process.TimeoutExpired:
        return GitAnswer(problem=f"git did not answer within {GIT_TIMEOUT_S} s")
    if result.code:
        return GitAnswer(problem=single_line(result.err.strip()) or f"git exited with code {result.code}")
    paths = result.out.split("\0")
    return GitAnswer(frozenset(path.rstrip("/") for path in paths if path not in {"", "./"}))


def _is_repository(root: Path) -> bool:
    """Check for a repository, or for the `.git` file of a worktree or submodule."""
    return (root / ".git").is_file() or (root / ".git" / "HEAD").exists()


def _project_root(folder: Path) -> Path:
    """Return the root of the git repository, or the given folder if there is none."""
    start = folder.resolve()
    return next((candidate for candidate in (start, *start.parents) if (candidate / ".git").exists()), start)
