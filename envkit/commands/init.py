"""`init`: a project folder with a commented config, for oneself or, as root, for a user of one's choice."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import config, files, names
from envkit.commands.project import FILE
from envkit.errors import Refusal
from envkit.model.facts import Account
from envkit.model.report import Report

if TYPE_CHECKING:
    from pathlib import Path

MODE = 0o644  # nothing of it is secret
EXAMPLE_FILE_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class Initialised:
    """A project folder that is ready for `up`.

    Attributes:
        folder: Its real path.
        owner: UID it belongs to, and the workspace will run as.
        files: What was written, relative to it.
    """

    folder: str
    owner: int
    files: tuple[str, ...]


def init(folder: Path, *, owner: str | None = None, example: Path | None = None) -> Report[Initialised]:
    """Make a project folder; what is there already stays as it is.

    Args:
        folder: Where; it is made if it is not there.
        owner: User name or UID that the folder belongs to, or will; only root can name another.
        example: A folder whose files are copied instead of writing a commented config.

    Raises:
        Refusal: A config is there already, or the owner cannot be had, or the folder is there and is another's.
    """
    target = folder.expanduser().absolute()
    if os.path.lexists(target / FILE):
        raise Refusal(f"{target / FILE} is there already", mend="edit it, or choose another folder")
    if target.is_symlink() and not target.exists():
        raise Refusal(f"{target} is a link to what is not there", mend="remove it, or choose another folder")
    account = _account(owner, target)
    if owner is not None or not os.getuid():
        _refuse_another_owner(target, account)
    contents = _example(example) if example else _starter(target)
    with files.folder(target, account) as inside:
        new = {name: content for name, content in contents.items() if not os.path.lexists(target / name)}
        for name, content in new.items():
            files.create(name, content, mode=MODE, owner=account, inside=inside)
    return Report("init", target.name, Initialised(str(target.resolve()), account.uid, tuple(new)))


def _account(owner: str | None, target: Path) -> Account:
    """Say whom the folder is for. A workspace never runs as root, so root has to name somebody."""
    me = os.getuid()
    if owner is not None:
        account = _look_up(owner)
        if me not in {0, account.uid}:
            raise Refusal("only root can make a folder for somebody else", mend="sudo, or leave --owner out")
        if account.uid == 0:
            raise Refusal("a workspace never runs as root", mend="name an ordinary user with --owner")
        return account
    if me:
        return Account(me, os.getgid())
    if target.is_dir() and target.stat().st_uid:
        return Account(target.stat().st_uid, target.stat().st_gid)
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if uid.isdecimal() and gid.isdecimal() and uid != "0":
        return Account(int(uid), int(gid))
    raise Refusal("you are root, and a workspace never runs as root", mend="envkit init FOLDER --owner USER")


def _refuse_another_owner(target: Path, account: Account) -> None:
    """Refuse a folder that `up` would refuse too: a workspace runs as the owner of its folder, which stays."""
    if not target.exists() or target.stat().st_uid == account.uid:
        return
    raise Refusal(
        f"{target} is there already and belongs to user {target.stat().st_uid}, not to user {account.uid}",
        mend=f"name a folder that is not there yet, or chown {account.uid}:{account.gid} {target}",
    )


def _look_up(owner: str) -> Account:
    try:
        entry = pwd.getpwuid(int(owner)) if owner.isdecimal() else pwd.getpwnam(owner)
    except KeyError:
        if owner.isdecimal():
            return Account(int(owner), int(owner))  # an account elsewhere, on a shared file system
        raise Refusal(f"there is no user {owner!r}", mend="name a user of this machine, or a UID") from None
    return Account(entry.pw_uid, entry.pw_gid)


def _starter(target: Path) -> dict[str, bytes]:
    return {FILE: config.starter(names.environment(target.resolve().name)).encode()}


def _example(folder: Path) -> dict[str, bytes]:
    """Read the files of an example, without its links: they may lead to what only root can read.

    By descriptor: its owner can put a link in the place of a file, and of the folder, while root reads.
    """
    try:
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Refusal(f"{folder} cannot be read: {error.strerror}", mend="name a folder with an example") from error
    try:
        found = {name: files.read_inside(inside, name, EXAMPLE_FILE_MAX) for name in sorted(os.listdir(inside))}  # noqa: PTH208
    finally:
        os.close(inside)
    if found.get(FILE) is None:
        raise Refusal(f"{folder} has no {FILE}", mend="name a folder with one")
    return {name: content for name, content in found.items() if content is not None}
