"""Tar archives of files and folders, in memory."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from envkit.model.backend import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def pack(entries: Iterable[FileEntry]) -> bytes:
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
    return pack(FileEntry(path, content, mode) for path, content in contents.items())
