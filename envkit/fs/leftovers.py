"""Temporary files of atomic writes: their names, and the removal of those that a killed process left."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from pathlib import Path

PATTERN = r"\.(.+)\.([0-9]{1,10})\.new"
WRITE_MAX_S = 600.0  # no write takes longer; an older file's process id belongs to another process now


def temporary_name(name: str) -> str:
    """Return the name of the temporary file for a file in the same folder."""
    return f".{name}.{os.getpid()}.new"


def remove(folder: Path | str | int, name: str = "") -> None:
    """Remove the temporary files of ended processes from a folder; entries that cannot be removed stay.

    Args:
        folder: Path or descriptor of the folder.
        name: Name of the file that they were written for, or empty for any.
    """
    if isinstance(folder, int):
        _remove_in(folder, name)
        return
    with suppress(OSError):
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _remove_in(folder_fd, name)
        finally:
            os.close(folder_fd)


def remove_below(folder: Path) -> None:
    """Remove the temporary files of ended processes from a folder and all folders below it."""
    for parent, _, _ in os.walk(folder):
        remove(parent)


def _remove_in(folder_fd: int, name: str) -> None:
    for entry in os.listdir(folder_fd):
        match = re.fullmatch(PATTERN, entry, re.DOTALL | re.ASCII)
        if match is None or name not in {"", match[1]}:
            continue
        with suppress(OSError):
            info = os.stat(entry, dir_fd=folder_fd, follow_symlinks=False)
            if stat.S_ISREG(info.st_mode) and not _is_being_written(int(match[2]), info.st_mtime):
                os.unlink(entry, dir_fd=folder_fd)


def _is_being_written(process_id: int, modified_at: float) -> bool:
    if process_id == os.getpid():
        return True
    if time.time() - modified_at > WRITE_MAX_S:
        return False
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's process
        pass
    return True
