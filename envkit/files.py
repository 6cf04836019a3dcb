"""The one door to writes: private by default, whole or not at all, never through a link."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.model.facts import Account


def read(path: Path, limit: int = 1 << 20) -> bytes | None:
    """Return a regular file's content, or None when it is not there, not readable or not a regular file.

    Raises:
        Refusal: It is larger than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            content = file.read(limit + 1)
    except OSError:
        return None
    if len(content) > limit:
        raise Refusal(f"{path} is larger than {limit} bytes", mend="name a smaller file")
    return content


def private_folder(path: Path, owner: Account | None = None, *, mode: int = 0o700) -> Path:
    """Make a folder that only its owner enters, with its parents; what exists must already be as private.

    Raises:
        Refusal: It exists and others may write to it, or somebody else owns it.
        OSError: It cannot be made.
    """
    if not path.exists():
        for parent in reversed([one for one in path.parents if not one.exists()]):
            parent.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(mode=mode, exist_ok=True)
        path.chmod(mode)
        _give(path, owner)
    found = path.lstat()
    expected = {os.getuid()} | ({owner.uid} if owner else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in expected or found.st_mode & 0o022:
        raise Refusal(
            f"{path} is not private: it must be a folder of yours that nobody else can write to",
            mend=f"chmod go-w {path}, or move it away",
        )
    return path


def write(path: Path, content: bytes, *, mode: int = 0o600, owner: Account | None = None) -> None:
    """Write a file whole: beside its place, synced, then renamed over it.

    Raises:
        OSError: The disk is full, or the place cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(beside, flags, mode), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            os.fchmod(file.fileno(), mode)
            if owner is not None and os.getuid() == 0:
                os.fchown(file.fileno(), owner.uid, owner.gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing happens when it is not there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path)


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file in a private folder while the body runs; `waiting` is told if somebody else holds it.

    Raises:
        OSError: The file cannot be made.
        Refusal: Its folder is not private.
    """
    descriptor = _lock(path, waiting)
    while not _is(path, descriptor):  # who held it took it away: hold the one that is there now
        os.close(descriptor)
        descriptor = _lock(path, waiting)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(path: Path, waiting: Callable[[], None]) -> int:
    private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _give(path: Path, owner: Account | None) -> None:
    # Only what was made a moment ago is ever given away, and only root can.
    if owner is not None and os.getuid() == 0:
        os.chown(path, owner.uid, owner.gid)
