"""Files and folders in a tar archive, as an engine takes them."""

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
        path: In the archive.
        content: Of a file; None for a folder.
        mode: Its permissions.
        uid: Whose it is.
        gid: And of which group.
    """

    path: str
    content: bytes | None
    mode: int
    uid: int = 0
    gid: int = 0


def pack(entries: Iterable[Entry]) -> bytes:
    """Return an archive of these in their order; equal ones give equal bytes, so that an engine's cache is hit."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type = tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE
            info.size, info.mode, info.uid, info.gid = len(entry.content or b""), entry.mode, entry.uid, entry.gid
            tar.addfile(info, io.BytesIO(entry.content or b""))
    return buffer.getvalue()


def pack_files(contents: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """Return an archive of root's files, by their paths."""
    return pack(Entry(path, content, mode) for path, content in contents.items())
