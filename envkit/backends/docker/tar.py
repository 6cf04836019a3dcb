"""Tar archives of files and folders, in memory."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder.

    Attributes:
        path: Path in the archive.
        content: Content of a file; None for a folder.
        mode: Permission bits.
        uid: User id of the owner.
        gid: Group id of the owner.
    """

    path: str
    content: bytes | None
    mode: int
    uid: int = 0
    gid: int = 0


def pack(entries: Iterable[Entry]) -> bytes:
    """Pack entries in their order; equal entries give equal bytes, so that the build cache is hit."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type = tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE
            info.size, info.mode, info.uid, info.gid = len(entry.content or b""), entry.mode, entry.uid, entry.gid
            tar.addfile(info, io.BytesIO(entry.content or b""))
    return buffer.getvalue()


def pack_files(contents: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """Pack files that root owns, by path."""
    return pack(Entry(path, content, mode) for path, content in contents.items())
