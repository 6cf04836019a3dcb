"""Locks on files in private folders, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkit.fs.files import ensure_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def hold(path: Path, on_wait: Callable[[], None], *, private: bool = True) -> Iterator[None]:
    """Hold a lock file while the body runs.

    Args:
        path: Lock file in a private folder, which is created if it is missing.
        on_wait: Function that is called before waiting for another process; it may raise to give up.
        private: Whether to refuse an existing folder that is open to other users.

    Raises:
        OSError: The file cannot be created.
        PreconditionError: Its folder is not private.
    """
    if private or not path.parent.is_dir():
        ensure_private_folder(path.parent)
    descriptor = _acquire(path, on_wait)
    while not _is_same_file(path, descriptor):  # the previous holder removed it: lock its replacement
        os.close(descriptor)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _acquire(path, on_wait)
    try:
        yield
    finally:
        os.close(descriptor)


def acquire_shared(path: Path) -> int:
    """Lock a file together with other holders; return its descriptor, which the caller closes to release the lock.

    Raises:
        OSError: The file cannot be created.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def try_exclusive(descriptor: int) -> bool:
    """Turn a shared lock into an exclusive one, unless another process holds it; return whether that worked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(path: Path, on_wait: Callable[[], None]) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
