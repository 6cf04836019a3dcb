"""Find star imports from a module of the same project that imports standalone Keras: their names are not followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.migrate import notebook
from envkit.migrate.dispatch import NOTEBOOK_SUFFIX, PROJECT_STAR_RULE, PYTHON_SUFFIXES
from envkit.migrate.outcome import Kind, Location, Note
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.commands.migrate.discovery import FoundFile

SIZE_LIMIT_BYTES = 4 << 20
STAR_IMPORT = re.compile(r"^[ \t]*from[ \t]+(?P<dots>\.*)(?P<module>[A-Za-z_][\w.]*)[ \t]+import[ \t]+\*", re.MULTILINE)
# `import keras` binds only the module; other modules read names of Keras through a star.
KERAS_NAMES = re.compile(rb"^[ \t]*(?:from[ \t]+keras\b|import[ \t]+keras\b)", re.MULTILINE)


def notes(file: FoundFile, content: bytes) -> list[Note]:
    """Note each star import that brings names of standalone Keras from another file of the project."""
    if b"import *" not in content or file.path.suffix not in {*PYTHON_SUFFIXES, NOTEBOOK_SUFFIX}:
        return []
    return [
        Note(
            Location(text.count("\n", 0, match.start()) + 1, 1, cell),
            PROJECT_STAR_RULE,
            Kind.REVIEW,
            f"names of Keras come from {source.relative_to(file.project_root)} by this star import: their uses in this "
            "file are not migrated",
            "import the names from keras in this file, then repeat the command",
        )
        for cell, text in _texts(file.path, content)
        for match in STAR_IMPORT.finditer(text)
        if not is_suppressed(text[match.start() :].partition("\n")[0], PROJECT_STAR_RULE)
        and (source := _find_keras_module(file, match["dots"], match["module"])) is not None
    ]


def _texts(path: Path, content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the code of a file, or of each cell with its number."""
    if path.suffix != NOTEBOOK_SUFFIX:
        yield 0, content.decode("utf-8", "replace")
        return
    try:
        yield from notebook.cells(content).items()
    except (ValueError, TypeError):  # the migration reports it
        return


def _find_keras_module(file: FoundFile, dots: str, module: str) -> Path | None:
    """Find the file of the module beside this file or in the project's root, if it imports standalone Keras."""
    folder = file.path.resolve().parent
    parents = [folder, *folder.parents]
    bases = [parents[min(len(dots) - 1, len(parents) - 1)]] if dots else [folder, file.project_root]
    for base in bases:
        path = base.joinpath(*module.split("."))
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file() and candidate.resolve().is_relative_to(file.project_root):
                return candidate if KERAS_NAMES.search(_read(candidate)) else None
    return None


def _read(path: Path) -> bytes:
    try:
        return files.read(path, SIZE_LIMIT_BYTES) or b""
    except (OSError, PreconditionError):
        return b""
