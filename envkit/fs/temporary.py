"""Temporary folders and files, removed when they are no longer needed."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def folder(prefix: str = "envkit-", parent: Path | None = None) -> Iterator[Path]:
    """Create a private temporary folder, and remove it with its contents when the body ends.

    Args:
        prefix: Beginning of its name.
        parent: Folder to create it in, or None for the system's default.

    Raises:
        OSError: The folder cannot be created.
    """
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as name:
        yield Path(name)


@contextmanager
def marker_file(parent: Path, prefix: str) -> Iterator[Path]:
    """Create an empty file with a random name in an existing folder, and remove it when the body ends.

    Raises:
        OSError: The file cannot be created.
    """
    with tempfile.NamedTemporaryFile(prefix=prefix, dir=parent) as file:
        yield Path(file.name)
