"""Replace the content of a file if it has not changed since it was read."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from envkit.fs import files, leftovers

if TYPE_CHECKING:
    from pathlib import Path


TEMPORARY_FOR = "envkit"  # one temporary file at a time, whatever the name of the file
READ_LIMIT_BYTES = 1 << 30  # more than envkit ever reads


def digest(content: bytes) -> bytes:
    """Return the SHA-256 digest of a file's content."""
    return hashlib.sha256(content).digest()


def replace_if_unchanged(path: Path, original_digest: bytes, content: bytes) -> bool:
    """Replace a file atomically, and keep its mode and, if the caller may, its owner.

    Args:
        path: Regular file; the target of a link is never written.
        original_digest: Digest of the content that was read.
        content: New content.

    Returns:
        Whether the file was replaced; not if another process changed it meanwhile.

    Raises:
        OSError: The file is not writable, or the disk is full.
    """
    folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    temp_name = leftovers.temporary_name(TEMPORARY_FOR)
    _remove_leftovers(path.parent)
    try:
        file_stat = os.stat(path.name, dir_fd=folder_fd, follow_symlinks=False)
        if not stat.S_ISREG(file_stat.st_mode):
            return False
        if not os.access(path.name, os.W_OK, dir_fd=folder_fd):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        _unlink(temp_name, folder_fd)
        files.create(temp_name, content, mode=stat.S_IMODE(file_stat.st_mode), folder_fd=folder_fd)
        with suppress(PermissionError):
            os.chown(temp_name, file_stat.st_uid, file_stat.st_gid, dir_fd=folder_fd)
        if digest(files.read_in_folder(folder_fd, path.name, READ_LIMIT_BYTES) or b"") != original_digest:
            return False
        os.rename(temp_name, path.name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except OSError as error:
        error.filename = str(path)  # the error of a full disk has no file name
        raise
    else:
        return True
    finally:
        _unlink(temp_name, folder_fd)
        os.close(folder_fd)


@cache
def _remove_leftovers(folder: Path) -> None:
    """Remove the leftovers of a killed run, once per folder: it may contain very many files."""
    leftovers.remove(folder, TEMPORARY_FOR)


def _unlink(name: str, folder_fd: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder_fd)
