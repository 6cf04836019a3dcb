"""Read and write files: private by default, atomic, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress

from envkit.errors import PreconditionError

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.model.facts import Account

# Errors of opening a path without a file, or with a socket or an unattached device.
ABSENT_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV}
NO_LINK_ERRNOS = {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}  # of a file system without hard links


def read(path: Path | str, limit: int = 1 << 20) -> bytes | None:
    """Return a regular file's content, or None if it is missing or not a regular file.

    Raises:
        OSError: It exists and cannot be read: treating it as missing would replace keys and lose approvals.
        PreconditionError: It is larger than `limit` bytes.
    """
    try:
        # Non-blocking, because its type is not known yet: opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in ABSENT_ERRNOS:
            return None
        raise
    return _read_content(descriptor, str(path), limit)


def read_in_folder(folder_fd: int, name: str, limit: int = 1 << 20) -> bytes | None:
    """Return the content of a regular file in a folder that another user may write to, or None if it is missing.

    The file that is inspected is the one that is read. Links count as missing: one may lead to a file that only the
    caller can read.

    Args:
        folder_fd: Descriptor of the folder.
        name: Name of the file in the folder.
        limit: Largest allowed size, bytes.

    Raises:
        OSError: It exists and cannot be read.
        PreconditionError: It is larger than `limit` bytes.
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
            # A read allocates the size that it requests, so a small file requests little.
            content = file.read(min(info.st_size, limit) + 1)
            if len(content) > info.st_size:  # it grows, or has no size, as in /proc
                content += file.read(max(limit + 1 - len(content), 0))
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise PreconditionError(
            f"{name} is larger than {limit} bytes", code="file-too-large", hint="use a smaller file"
        )
    return content


def read_if_permitted(path: Path | str, limit: int = 1 << 20) -> bytes | None:
    """Read like `read`, but return None for a file that the caller may not read: for paths from other sources.

    Raises:
        PreconditionError: It is larger than `limit` bytes.
    """
    try:
        return read(path, limit)
    except OSError:
        return None


def ensure_private_folder(path: Path, owner: Account | None = None, *, mode: int = 0o700) -> Path:
    """Create a folder that only its owner can enter, and its parents; an existing folder must be as private.

    Args:
        path: Folder to create.
        owner: User who will own it (if the caller is root).
        mode: Permissions; an existing folder may grant other users at most the same.

    Raises:
        PreconditionError: It exists and is open to other users, or belongs to another user.
        OSError: It cannot be created.
    """
    if not path.exists():
        for parent in reversed([ancestor for ancestor in path.parents if not ancestor.exists()]):
            parent.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(mode=mode, exist_ok=True)
        path.chmod(mode)
        _change_owner(path, owner)
    check_private_folder(path, {os.getuid()} | ({owner.uid} if owner else set()), mode=mode)
    return path


def check_private_folder(path: Path | str, allowed_uids: set[int], *, mode: int = 0o700) -> None:
    """Check that a folder belongs to one of some users and is closed to others, as `ensure_private_folder` does.

    Raises:
        PreconditionError: It is open to other users, or belongs to another user.
        OSError: It does not exist.
    """
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in allowed_uids or info.st_mode & 0o077 & ~mode:
        raise PreconditionError(
            f"{path} is not private: it must be a folder that belongs to you and is closed to other users",
            code="folder-not-private",
            hint=f"chmod {mode:o} {path}, or move it away",
        )


def write(path: Path, content: bytes, *, mode: int = 0o600, owner: Account | None = None, durable: bool = True) -> None:
    """Write a file atomically: to a temporary file, which is synced and renamed.

    Args:
        path: File to write.
        content: New content.
        mode: Permissions.
        owner: User who will own it (if the caller is root).
        durable: Whether it must survive a power cut; files that can be rebuilt need not wait for the disk.

    Raises:
        OSError: The disk is full, or the folder is not writable.
    """
    from envkit.fs import leftovers  # an unchanged `up` writes nothing

    leftovers.remove(path.parent, path.name)
    temporary = path.with_name(leftovers.temporary_name(path.name))
    temporary.unlink(missing_ok=True)
    try:
        create(temporary, content, mode=mode, owner=owner, durable=durable)
        temporary.rename(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the error of a full disk has no file name
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
    """Create a file where nothing exists, not even a link.

    Args:
        path: File to create; relative to `folder_fd` if that is given.
        content: Content.
        mode: Permissions.
        owner: User who will own it (if the caller is root).
        folder_fd: Descriptor of a folder.
        durable: As in `write`.

    Raises:
        FileExistsError: The path exists.
        OSError: The disk is full, or the folder is not writable.
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


def create_complete(folder: Path, folder_fd: int, name: str, content: bytes, *, mode: int, owner: Account) -> None:
    """Create a file with its whole content or not at all, and replace nothing.

    Args:
        folder: Path of the folder, for messages.
        folder_fd: Descriptor of that folder.
        name: Name of the file.
        content: Content.
        mode: Permissions.
        owner: User who will own it (if the caller is root).

    Raises:
        FileExistsError: The path exists.
        OSError: The disk is full, or the folder is not writable.
    """
    from envkit.fs import leftovers

    leftovers.remove(folder_fd, name)
    temporary = leftovers.temporary_name(name)
    try:
        create(temporary, content, mode=mode, owner=owner, folder_fd=folder_fd)
        _rename_without_replacing(temporary, name, folder_fd)
    except OSError as error:
        error.filename, error.filename2 = str(folder / name), None  # the error of a full disk has no file name
        raise
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder_fd)


def _rename_without_replacing(source: str, target: str, folder_fd: int) -> None:
    try:
        os.link(source, target, src_dir_fd=folder_fd, dst_dir_fd=folder_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINK_ERRNOS:
            raise
        if target in os.listdir(folder_fd):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        os.rename(source, target, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)


def is_private(path: Path, mode: int, uid: int) -> bool:
    """Check whether a regular file exists with exactly these permissions and belongs to a user."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(info.st_mode) and stat.S_IMODE(info.st_mode) == mode and info.st_uid == uid


def set_mode(path: Path, mode: int) -> None:
    """Set the permissions of a regular file if they differ; anything else is ignored.

    The file is not replaced, so a container that mounts it sees the change.

    Raises:
        OSError: It belongs to another user.
    """
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)  # works without read permission
    except FileNotFoundError:
        return
    try:
        info = os.fstat(descriptor)
        if stat.S_ISREG(info.st_mode) and stat.S_IMODE(info.st_mode) != mode:
            os.chmod(f"/proc/self/fd/{descriptor}", mode)  # noqa: PTH101 - a descriptor, not a path
    finally:
        os.close(descriptor)


def fsync_folder(folder: Path) -> None:
    """Write the entries of a folder to the disk, and wait until they are there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_folder(path: Path, owner: Account) -> Iterator[int]:
    """Open a folder to create files in, and yield its descriptor; missing folders are created with their parents.

    After the body, new folders are given to their owner by descriptor: a user who may write to a parent folder could
    have replaced a path meanwhile.

    Raises:
        OSError: It cannot be created.
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


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder durably; the target must not exist.

    Raises:
        OSError: The target exists and is not empty, or the folder cannot be renamed.
    """
    source.rename(target)
    fsync_folder(target.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content, if it exists."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        import shutil  # loads compression modules, which an unchanged `up` does not need

        shutil.rmtree(path)


def _change_owner(path: Path, owner: Account | None) -> None:
    # Only newly created folders change their owner, and only root may do that.
    if owner is not None and os.getuid() == 0:
        os.chown(path, owner.uid, owner.gid)
