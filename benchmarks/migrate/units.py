"""Files as the Python that is in them: source, or all code cells of a notebook with its magics taken out."""

from __future__ import annotations

import io
import json
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = ".ipynb"
MAGIC = re.compile(r"^(?P<indent>[ \t]*)(?:[%!?]|[\w.]+\?\??[ \t]*$|[\w, ]+=[ \t]*[!%])")
FOREIGN = re.compile(r"\s*%%(?!time\b|timeit\b|capture\b)")
_OTHER_NAMES = r"(?:[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*,[ \t]*)*"  # what else the same statement imports
IMPORTS_KERAS = re.compile(rf"^[ \t]*(?:from[ \t]+keras[ \t.]|import[ \t]+{_OTHER_NAMES}keras(?!\w))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """What of a file is Python.

    Attributes:
        lines: Its lines, without their ends.
        positions: Of each line its cell, from 1, or 0 in a file of source; and its line there.
    """

    lines: tuple[str, ...]
    positions: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def imports_keras(self) -> bool:
        """Whether it imports standalone Keras; told by the text, so that it can be asked of Python 2."""
        return IMPORTS_KERAS.search(self.text) is not None


def read(path: Path, content: bytes) -> Unit | None:
    """Return what of the file is Python; nothing where it is no text or no notebook."""
    try:
        if path.suffix == NOTEBOOK:
            return _notebook(json.loads(content))
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        lines = tuple(content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        return Unit(lines, tuple((0, number) for number in range(1, len(lines) + 1)))
    except (ValueError, SyntaxError, LookupError, TypeError, KeyError):
        return None


def _notebook(data: dict[str, Any]) -> Unit:
    lines: list[str] = []
    positions: list[tuple[int, int]] = []
    for number, cell in enumerate(cells(data), 1):
        if cell.get("cell_type") != "code":
            continue
        source = "".join(cell.get("source", cell.get("input", "")))
        masked_lines = [""] * len(source.split("\n")) if FOREIGN.match(source) else _mask_magics(source.split("\n"))
        lines += masked_lines
        positions += [(number, line) for line in range(1, len(masked_lines) + 1)]
    return Unit(tuple(lines), tuple(positions))


def cells(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook of any format."""
    sheets = data.get("worksheets")
    return [cell for sheet in (sheets if isinstance(sheets, list) else [data]) for cell in sheet["cells"]]


def _mask_magics(lines: list[str]) -> list[str]:
    masked_lines, is_continued = [], False
    for line in lines:
        magic = MAGIC.match(line)
        if is_continued or magic:
            masked_lines.append("" if is_continued else f"{magic['indent'] if magic else ''}pass")
            is_continued = line.endswith("\\")
        else:
            masked_lines.append(line)
    return masked_lines
