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


def packed(entries: Iterable[Entry]) -> bytes:
    """Return an archive of these in their order; equal ones give equal bytes, so that an engine's cache is hit."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for one in entries:
            info = tarfile.TarInfo(one.path)
            info.type = tarfile.DIRTYPE if one.content is None else tarfile.REGTYPE
            info.size, info.mode, info.uid, info.gid = len(one.content or b""), one.mode, one.uid, one.gid
            tar.addfile(info, io.BytesIO(one.content or b""))
    return made.getvalue()


def of_files(contents: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """Return an archive of root's files, by their paths."""
    return packed(Entry(path, content, mode) for path, content in contents.items())
