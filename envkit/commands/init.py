"""`init`: create a project folder with a commented configuration, for the caller or, as root, for another user."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import config, naming
from envkit.environment.project import CONFIG_FILE
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model.facts import Account
from envkit.model.report import Report

if TYPE_CHECKING:
    from pathlib import Path

MODE = 0o644  # the files contain no secrets
EXAMPLE_FILE_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class InitResult:
    """A project folder that is ready for `up`.

    Attributes:
        folder: Real path of the folder.
        owner: UID of its owner, which the workspace will run as.
        files: Files that were written, relative to the folder.
    """

    folder: str
    owner: int
    files: tuple[str, ...]


def init(folder: Path, *, owner: str | None = None, example: Path | None = None) -> Report[InitResult]:
    """Create a project folder; existing files are kept.

    Args:
        folder: Project folder; it is created if it does not exist.
        owner: User name or UID of the owner; only root can name another user.
        example: Folder whose files are copied instead of writing a commented configuration.

    Raises:
        PreconditionError: A configuration file exists, the owner is not possible, or another user owns the folder.
    """
    target = folder.expanduser().absolute()
    if os.path.lexists(target / CONFIG_FILE):
        raise PreconditionError(
            f"{target / CONFIG_FILE} already exists", code="file-exists", hint="edit it, or choose another folder"
        )
    if target.is_symlink() and not target.exists():
        raise PreconditionError(
            f"{target} is a broken symbolic link",
            code="project-folder-missing",
            hint="remove it, or choose another folder",
        )
    account = _resolve_account(owner, target)
    if owner is not None or not os.getuid():
        _refuse_another_owner(target, account)
    contents = _read_example(example) if example else _starter_files(target)
    with files.open_folder(target, account) as folder_fd:
        new_files = {name: content for name, content in contents.items() if not os.path.lexists(target / name)}
        for name, content in new_files.items():
            files.create_complete(target, folder_fd, name, content, mode=MODE, owner=account)
    return Report("init", target.name, InitResult(str(target.resolve()), account.uid, tuple(new_files)))


def _resolve_account(owner: str | None, target: Path) -> Account:
    """Resolve the owner of the folder. A workspace never runs as root, so root has to name a user."""
    caller_uid = os.getuid()
    if owner is not None:
        account = _find_account(owner)
        if caller_uid not in {0, account.uid}:
            raise PreconditionError(
                "only root can create a folder for another user",
                code="owner-not-allowed",
                hint="use sudo, or omit --owner",
            )
        if account.uid == 0:
            raise PreconditionError(
                "a workspace never runs as root", code="root-not-allowed", hint="name an ordinary user with --owner"
            )
        return account
    if caller_uid:
        return Account(caller_uid, os.getgid())
    if target.is_dir() and target.stat().st_uid:
        return Account(target.stat().st_uid, target.stat().st_gid)
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if uid.isdecimal() and gid.isdecimal() and uid != "0":
        return Account(int(uid), int(gid))
    raise PreconditionError(
        "you are root, and a workspace never runs as root",
        code="root-not-allowed",
        hint="envkit init FOLDER --owner USER",
    )


def _refuse_another_owner(target: Path, account: Account) -> None:
    """Reject a folder of another owner, which `up` would reject too: a workspace runs as the owner of its folder."""
    if not target.exists() or target.stat().st_uid == account.uid:
        return
    raise PreconditionError(
        f"{target} already exists and belongs to user {target.stat().st_uid}, not to user {account.uid}",
        code="wrong-owner",
        hint=f"name a new folder, or chown {account.uid}:{account.gid} {target}",
    )


def _find_account(owner: str) -> Account:
    try:
        entry = pwd.getpwuid(int(owner)) if owner.isdecimal() else pwd.getpwnam(owner)
    except KeyError:
        if owner.isdecimal():
            return Account(int(owner), int(owner))  # a user of another machine with a shared file system
        raise PreconditionError(
            f"there is no user {owner!r}", code="user-not-found", hint="name a user of this machine, or a UID"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _starter_files(target: Path) -> dict[str, bytes]:
    return {CONFIG_FILE: config.starter(naming.environment(target.resolve().name)).encode()}


def _read_example(folder: Path) -> dict[str, bytes]:
    """Read the files of an example, without symbolic links, which may point to files that only root can read.

    Files are opened relative to the folder's descriptor: its owner could replace them by links while root reads.
    """
    try:
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PreconditionError(
            f"{folder} cannot be read: {error.strerror}", code="example-invalid", hint="name a folder with an example"
        ) from error
    try:
        contents = {
            name: files.read_in_folder(folder_fd, name, EXAMPLE_FILE_MAX)
            for name in sorted(os.listdir(folder_fd))  # noqa: PTH208 - by descriptor
        }
    finally:
        os.close(folder_fd)
    if contents.get(CONFIG_FILE) is None:
        raise PreconditionError(f"{folder} has no {CONFIG_FILE}", code="example-invalid", hint="name a folder with one")
    return {name: content for name, content in contents.items() if content is not None}
