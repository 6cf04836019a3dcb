"""Python code of a file: a source file, or all code cells of a notebook without magics."""

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
_OTHER_NAMES = r"(?:[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*,[ \t]*)*"  # other names in the same statement
IMPORTS_KERAS = re.compile(rf"^[ \t]*(?:from[ \t]+keras[ \t.]|import[ \t]+{_OTHER_NAMES}keras(?!\w))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """Python code of a file.

    Attributes:
        lines: Lines without line endings.
        positions: For each line the 1-based cell (0 in a source file) and the 1-based line in it.
    """

    lines: tuple[str, ...]
    positions: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """Whole text."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def imports_keras(self) -> bool:
        """Whether the code imports standalone Keras, by a text search that also works for Python 2."""
        return IMPORTS_KERAS.search(self.text) is not None


def read(path: Path, content: bytes) -> Unit | None:
    """Extract the Python code of a file; None if it is not a valid text or notebook."""
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
