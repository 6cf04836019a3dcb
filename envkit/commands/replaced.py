"""A file's new content in the place of the old one, if the old one is still what was read."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from envkit import files

if TYPE_CHECKING:
    from pathlib import Path


FAR_LARGER_BYTES = 1 << 30  # than what is ever read


def digest(content: bytes) -> bytes:
    """Return what tells a content from any other."""
    return hashlib.sha256(content).digest()


def replace(path: Path, before: bytes, content: bytes) -> bool:
    """Replace a file whole or not at all, with its mode and, as far as the caller may, its owner.

    Args:
        path: A regular file; what a link leads to is never written.
        before: The digest of what was read.
        content: What is to stand there.

    Returns:
        Whether it was replaced; it was not where somebody else changed it meanwhile.

    Raises:
        OSError: It may not be written, or the disk is full.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    beside = f".envkit.{os.getpid()}.new"
    try:
        found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return False
        if not os.access(path.name, os.W_OK, dir_fd=folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        _drop(beside, folder)
        files.create(beside, content, mode=stat.S_IMODE(found.st_mode), inside=folder)
        with suppress(PermissionError):
            os.chown(beside, found.st_uid, found.st_gid, dir_fd=folder)
        if digest(files.read_inside(folder, path.name, FAR_LARGER_BYTES) or b"") != before:
            return False
        os.rename(beside, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        error.filename = str(path)  # a full disk names no file
        raise
    else:
        return True
    finally:
        _drop(beside, folder)
        os.close(folder)


def _drop(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
