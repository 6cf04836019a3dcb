"""Rendered files into a folder of the caller's choice, through no link that a workspace can have planted.

What runs inside writes the project and what else is mounted to be written: a folder there may be a link to
another project by the time envkit comes. So each is entered by name from its parent's descriptor.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from envkit import files
from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from envkit.model.artifact import Artifact

ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LINKS_MAX = 40  # as the kernel's own


def write(folder: Path, artifacts: Iterable[Artifact], writable: Collection[str]) -> None:
    """Write files below a folder, which is made if it is not there: all of them, or none.

    Args:
        folder: Where.
        artifacts: What, by their paths below it.
        writable: Real paths of the folders that can be written from inside; no link below them is followed.

    Raises:
        Refusal: A link or a folder is in the way.
        OSError: The disk is full, or the place cannot be written.
    """
    with ExitStack() as held:
        top = _held(os.open("/", ENTER), held)
        at = _walk(top, folder.absolute().parts[1:], writable, held)
        parents: dict[PurePosixPath, int] = {}
        for one in artifacts:
            parent = PurePosixPath(one.path).parent
            parents[parent] = parents.get(parent) or _walk(at, parent.parts, ("/",), held)
            _refuse_folder(parents[parent], PurePosixPath(one.path).name)
        _write([(parents[PurePosixPath(one.path).parent], one) for one in artifacts])


def _write(placed: list[tuple[int, Artifact]]) -> None:
    """Write each file beside its place, and only when all are written put them there."""
    beside = [(at, f".{_name(one)}.{os.getpid()}.new", one) for at, one in placed]
    try:
        for at, name, one in beside:
            _unlink(at, name)
            files.create(name, one.text.encode(), mode=one.mode, inside=at)
        for at, name, one in beside:
            os.rename(name, _name(one), src_dir_fd=at, dst_dir_fd=at)
    except BaseException:
        for at, name, _ in beside:
            _unlink(at, name)
        raise


def _walk(at: int, names: Iterable[str], writable: Collection[str], held: ExitStack) -> int:
    """Go down from a folder by names, and make what is not there; where nobody can plant links, follow them."""
    pending, links = list(reversed(list(names))), 0
    while pending:
        name = pending.pop()
        target = _link(at, name)
        if target is None:
            at = _held(_entered(at, name), held)
            continue
        links += 1
        here = _real(at)
        if links > LINKS_MAX or any(here.is_relative_to(one) for one in writable):
            raise Refusal(
                f"{here / name} is a link, and what runs inside can have turned it anywhere",
                mend=f"rm {here / name}, or name another folder with --output",
            )
        if target.is_absolute():
            at = _held(os.open("/", ENTER), held)
        pending += reversed([part for part in target.parts if part != "/"])
    return at


def _entered(at: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=at)
    return os.open(name, ENTER, dir_fd=at)


def _link(at: int, name: str) -> PurePosixPath | None:
    try:
        return PurePosixPath(os.readlink(name, dir_fd=at))
    except OSError:
        return None  # a folder, or nothing yet


def _real(at: int) -> Path:
    return Path(f"/proc/self/fd/{at}").readlink()


def _held(descriptor: int, held: ExitStack) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _refuse_folder(at: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            raise Refusal(f"{_real(at) / name} is a folder", mend="remove it, or name another folder with --output")


def _name(one: Artifact) -> str:
    return PurePosixPath(one.path).name


def _unlink(at: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=at)
