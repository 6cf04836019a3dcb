"""The one door to writes: private by default, whole or not at all, never through a link."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.model.facts import Account

# What opening a path says when no file is there, or a socket or an unattached device is.
ABSENT_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV}


def read(path: Path, limit: int = 1 << 20) -> bytes | None:
    """Return a regular file's content, or None when it is not there or not a regular file.

    Raises:
        OSError: It is there and cannot be read: to take that for absent would make keys anew and lose approvals.
        Refusal: It is larger than `limit` bytes.
    """
    try:
        # Opened before it is known what it is, so without waiting: a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in ABSENT_ERRNOS:
            return None
        raise
    return _read_content(descriptor, str(path), limit)


def read_in_folder(folder_fd: int, name: str, limit: int = 1 << 20) -> bytes | None:
    """Return the content of a regular file of a folder that somebody else may write to, or None if it is none.

    What is looked at is what is read, and a link is no file: it may lead to what only the caller can read.

    Args:
        folder_fd: Descriptor of the folder.
        name: The file's name in it.
        limit: How many bytes it may have.

    Raises:
        OSError: It is there and cannot be read.
        Refusal: It is larger than `limit` bytes.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder_fd)
    except OSError as error:
        if error.errno in ABSENT_ERRNOS:
            return None
        raise
    return _read_content(descriptor, name, limit)


def _read_content(descriptor: int, name: str, limit: int) -> bytes | None:
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            # Space is made for as much as is asked for: not for the limit where the file is small.
            content = file.read(min(info.st_size, limit) + 1)
            if len(content) > info.st_size:  # it grows, or has no size, as in /proc
                content += file.read(max(limit + 1 - len(content), 0))
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise PreconditionError(f"{name} is larger than {limit} bytes", hint="name a smaller file")
    return content


def read_if_permitted(path: Path, limit: int = 1 << 20) -> bytes | None:
    """Return what `read` does, and None for what the caller may not read: for files that others name.

    Raises:
        Refusal: It is larger than `limit` bytes.
    """
    try:
        return read(path, limit)
    except OSError:
        return None


def ensure_private_folder(path: Path, owner: Account | None = None, *, mode: int = 0o700) -> Path:
    """Make a folder that only its owner enters, with its parents; what exists must already be as private.

    Args:
        path: Where.
        owner: Whom root gives it to.
        mode: Its permissions; what they leave to others, a folder that exists may leave to them too.

    Raises:
        Refusal: It exists and is open to others, or somebody else owns it.
        OSError: It cannot be made.
    """
    if not path.exists():
        for parent in reversed([ancestor for ancestor in path.parents if not ancestor.exists()]):
            parent.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(mode=mode, exist_ok=True)
        path.chmod(mode)
        _change_owner(path, owner)
    info = path.lstat()
    allowed_uids = {os.getuid()} | ({owner.uid} if owner else set())
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in allowed_uids or info.st_mode & 0o077 & ~mode:
        raise PreconditionError(
            f"{path} is not private: it must be a folder of yours that is closed to others",
            hint=f"chmod {mode:o} {path}, or move it away",
        )
    return path


def write(path: Path, content: bytes, *, mode: int = 0o600, owner: Account | None = None, durable: bool = True) -> None:
    """Write a file whole: beside its place, synced, then renamed over it.

    Args:
        path: Where.
        content: All of it.
        mode: Its permissions.
        owner: Whom root gives it to.
        durable: Whether it has to outlive a power cut; what can be made again at any time need not be waited for.

    Raises:
        OSError: The disk is full, or the place cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    try:
        create(temporary, content, mode=mode, owner=owner, durable=durable)
        temporary.rename(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # a full disk names no file
        raise


def create(
    path: Path | str,
    content: bytes,
    *,
    mode: int = 0o600,
    owner: Account | None = None,
    folder_fd: int | None = None,
    durable: bool = True,
) -> None:
    """Make a file where nothing is yet, not even a link.

    Args:
        path: Where; relative to `folder_fd`, if that is given.
        content: All of it.
        mode: Its permissions.
        owner: Whom root gives it to.
        folder_fd: Descriptor of a folder.
        durable: As in `write`.

    Raises:
        FileExistsError: Something is there.
        OSError: The disk is full, or the place cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, mode, dir_fd=folder_fd), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        os.fchmod(file.fileno(), mode)
        if owner is not None and os.getuid() == 0:
            os.fchown(file.fileno(), owner.uid, owner.gid)
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def is_private(path: Path, mode: int, uid: int) -> bool:
    """Say whether a regular file is there with just these permissions, and belongs to a user."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(info.st_mode) and stat.S_IMODE(info.st_mode) == mode and info.st_uid == uid


def set_mode(path: Path, mode: int) -> None:
    """Give a file the permissions it was made with, where they are others; nothing happens when it is no file.

    The file itself stays, so a container that has it mounted sees the change.

    Raises:
        OSError: It belongs to somebody else.
    """
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)  # also where it may not be read
    except FileNotFoundError:
        return
    try:
        info = os.fstat(descriptor)
        if stat.S_ISREG(info.st_mode) and stat.S_IMODE(info.st_mode) != mode:
            os.chmod(f"/proc/self/fd/{descriptor}", mode)  # noqa: PTH101 - a descriptor, not a path
    finally:
        os.close(descriptor)


def fsync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk before anything goes on."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_folder(path: Path, owner: Account) -> Iterator[int]:
    """Hold a folder to make files in, by its descriptor; it is made with its parents if it is not there.

    What was made is given to its owner when the body is done, by descriptor too: who may write to a folder
    above can put something else in the place of a path meanwhile.

    Raises:
        OSError: It cannot be made.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    existing = next(candidate for candidate in (path, *path.parents) if os.path.lexists(candidate))
    new_folders: list[int] = []
    with ExitStack() as stack:
        descriptor = os.open(existing, flags)
        stack.callback(os.close, descriptor)
        for name in path.relative_to(existing).parts:
            os.mkdir(name, dir_fd=descriptor)
            descriptor = os.open(name, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            stack.callback(os.close, descriptor)
            new_folders.append(descriptor)
        yield descriptor
        for folder_fd in reversed(new_folders):
            if os.getuid() == 0:
                os.fchown(folder_fd, owner.uid, owner.gid)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing happens when it is not there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path)


@contextmanager
def lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file in a private folder while the body runs; `on_wait` is told if somebody else holds it.

    Raises:
        OSError: The file cannot be made.
        Refusal: Its folder is not private.
    """
    descriptor = _acquire_lock(path, on_wait)
    while not _is_same_file(path, descriptor):  # who held it took it away: hold the one that is there now
        os.close(descriptor)
        descriptor = _acquire_lock(path, on_wait)
    try:
        yield
    finally:
        os.close(descriptor)


def _acquire_lock(path: Path, on_wait: Callable[[], None]) -> int:
    ensure_private_folder(path.parent)
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


def _change_owner(path: Path, owner: Account | None) -> None:
    # Only what was made a moment ago is ever given away, and only root can.
    if owner is not None and os.getuid() == 0:
        os.chown(path, owner.uid, owner.gid)
