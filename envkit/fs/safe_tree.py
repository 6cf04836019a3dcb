"""Write rendered files to a folder that the caller chose, and follow no link that container code may have planted.

Container code can write to the project and to every writable mount, so a folder there may have become a link to
another project. Therefore each folder is opened by name from its parent's descriptor.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.fs import files, leftovers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from envkit.model.artifact import Artifact

OPEN_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LINKS_MAX = 40  # the kernel's limit


def write(folder: Path, artifacts: Iterable[Artifact], writable_folders: Collection[str]) -> None:
    """Write all files below a folder, or none; missing folders are created.

    Args:
        folder: Folder to write to.
        artifacts: Files, by their paths below the folder.
        writable_folders: Real paths of the folders that container code can write to; links below them are refused.

    Raises:
        PreconditionError: A link or a folder is in the way.
        OSError: The disk is full, or the folder is not writable.
    """
    with ExitStack() as stack:
        root_fd = _close_later(os.open("/", OPEN_FLAGS), stack)
        folder_fd = _open_folder(root_fd, folder.absolute().parts[1:], writable_folders, stack)
        parent_fds: dict[PurePosixPath, int] = {}
        for artifact in artifacts:
            parent = PurePosixPath(artifact.path).parent
            parent_fds[parent] = parent_fds.get(parent) or _open_folder(folder_fd, parent.parts, ("/",), stack)
            _refuse_folder(parent_fds[parent], PurePosixPath(artifact.path).name)
        _write([(parent_fds[PurePosixPath(artifact.path).parent], artifact) for artifact in artifacts])


def _write(targets: list[tuple[int, Artifact]]) -> None:
    """Write every file under a temporary name, then rename all of them."""
    temp_files = [
        (folder_fd, leftovers.temporary_name(_file_name(artifact)), artifact) for folder_fd, artifact in targets
    ]
    try:
        for parent_fd, temp_name, artifact in temp_files:
            leftovers.remove(parent_fd, _file_name(artifact))
            _unlink(parent_fd, temp_name)
            files.create(temp_name, artifact.text.encode(), mode=artifact.mode, folder_fd=parent_fd)
        for parent_fd, temp_name, artifact in temp_files:
            os.rename(temp_name, _file_name(artifact), src_dir_fd=parent_fd, dst_dir_fd=parent_fd)
    except BaseException:
        for parent_fd, temp_name, _ in temp_files:
            _unlink(parent_fd, temp_name)
        raise


def _open_folder(folder_fd: int, parts: Iterable[str], writable_folders: Collection[str], stack: ExitStack) -> int:
    """Open a folder below another one, and create missing ones; follow links only where container code cannot write."""
    pending, link_count = list(reversed(list(parts))), 0
    while pending:
        name = pending.pop()
        target = _read_link(folder_fd, name)
        if target is None:
            folder_fd = _close_later(_enter_folder(folder_fd, name), stack)
            continue
        link_count += 1
        folder = _real_path(folder_fd)
        if link_count > LINKS_MAX or any(
            folder.is_relative_to(writable_folder) for writable_folder in writable_folders
        ):
            raise PreconditionError(
                f"{folder / name} is a link, and container code may have changed its target",
                code="link-in-path",
                hint=f"rm {folder / name}, or choose another folder with --output",
            )
        if target.is_absolute():
            folder_fd = _close_later(os.open("/", OPEN_FLAGS), stack)
        pending += reversed([part for part in target.parts if part != "/"])
    return folder_fd


def _enter_folder(folder_fd: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder_fd)
    return os.open(name, OPEN_FLAGS, dir_fd=folder_fd)


def _read_link(folder_fd: int, name: str) -> PurePosixPath | None:
    try:
        return PurePosixPath(os.readlink(name, dir_fd=folder_fd))
    except OSError:
        return None  # a folder, or missing


def _real_path(folder_fd: int) -> Path:
    return Path(f"/proc/self/fd/{folder_fd}").readlink()


def _close_later(descriptor: int, stack: ExitStack) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


def _refuse_folder(folder_fd: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_mode):
            raise PreconditionError(
                f"{_real_path(folder_fd) / name} is a folder",
                code="file-expected",
                hint="remove it, or choose another folder with --output",
            )


def _file_name(artifact: Artifact) -> str:
    return PurePosixPath(artifact.path).name


def _unlink(folder_fd: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder_fd)
