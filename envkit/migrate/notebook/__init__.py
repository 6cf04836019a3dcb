"""Notebooks: migrate all code cells as one module and replace only the changed source strings in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkit.migrate import requirements
from envkit.migrate.notebook import json_edit, json_positions, magics
from envkit.migrate.outcome import Kind, Location, Note, Outcome, Rewrite
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from envkit.migrate.notebook.json_positions import Node
    from envkit.migrate.notebook.magics import MaskedCell

    PythonMigrator = Callable[[bytes], Outcome]

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
PYTHON_LANGUAGES = {"python", "python3", "python2", "ipython", "ipython3", "ipython2"}
KERAS_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+keras\b", re.MULTILINE)
FOREIGN_CELL_RULE = "notebooks/other-cell"
RESAVE_HINT = "open and save it in Jupyter, then repeat the command"
LINE_ENDS = ("\n", "\r")


@dataclass(frozen=True, slots=True)
class Cell:
    """Code cell.

    Attributes:
        number: 1-based number among all cells of the notebook.
        node: JSON node of the source.
        text: Decoded source.
    """

    number: int
    node: Node
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Cell in the combined module.

    Attributes:
        cell: Cell of the notebook.
        masked_cell: Cell as plain Python.
        line: 1-based line of the preceding marker in the module.
    """

    cell: Cell
    masked_cell: MaskedCell
    line: int


@dataclass(frozen=True, slots=True)
class Module:
    """All code cells as one module, because later cells use names of earlier ones.

    Attributes:
        name: Prefix of markers and placeholders that does not occur in the notebook.
        parts: Cells in order.
    """

    name: str
    parts: tuple[Part, ...]

    def source(self) -> bytes:
        """Build the Python source."""
        pieces = [
            f"{self.marker(part)}{part.masked_cell.text}{_missing_newline(part.masked_cell.text)}"
            for part in self.parts
        ]
        return "".join(pieces).encode()

    def marker(self, part: Part) -> str:
        """Return the line before a cell. It is a statement, because a comment would move with the code after it."""
        return f"'{self.name}-cell-{part.cell.number}'\n"


def migrate(content: bytes, migrate_python: PythonMigrator, release: str = "") -> Outcome:
    """Migrate the code cells of a notebook.

    Args:
        content: Bytes of the notebook.
        migrate_python: Function that migrates Python source.
        release: Target TensorFlow release, for notes about packages that a cell installs.
    """
    try:
        text = content.decode()
        bom = BOM if text.startswith(BOM) else ""
        root = json_positions.parse(text[len(bom) :])
        code_cells = tuple(_code_cells(root))
        for cell in code_cells:
            cell.text.encode()
    except (ValueError, TypeError) as error:
        return Outcome(content, error=f"invalid notebook: {_error_summary(error)}", hint=RESAVE_HINT)
    text = text[len(bom) :]
    if not _is_python(root) or not any("keras" in cell.text.lower() for cell in code_cells):
        return Outcome(content)
    return _migrate_cells(content, bom, text, code_cells, migrate_python, release)


def cells(content: bytes) -> dict[int, str]:
    """Return the source of each code cell by its number, for diffs.

    Raises:
        ValueError: If the content is not a notebook.
    """
    return {cell.number: cell.text for cell in _code_cells(json_positions.parse(content.decode().removeprefix(BOM)))}


def _migrate_cells(
    content: bytes, bom: str, text: str, code_cells: tuple[Cell, ...], migrate_python: PythonMigrator, release: str
) -> Outcome:
    python_cells = [cell for cell in code_cells if not magics.is_foreign(cell.text)]
    notes = [*_foreign_notes(code_cells), *_install_notes(python_cells, release)]
    module = _build_module(python_cells)
    error = hint = ""
    if b"keras" not in module.source():
        return Outcome(content, notes=tuple(_sort_notes(notes)))
    outcome = migrate_python(module.source())
    if outcome.error and (reasons := _unreadable_cells(module, migrate_python)):
        error, hint = _describe_unreadable(reasons), "convert that cell to Python 3, then repeat the command"
        module = _build_module(python_cells, reasons)
        outcome = migrate_python(module.source())
    if outcome.error:
        return Outcome(content, error=error or outcome.error, hint=hint or outcome.hint)
    new_sources = _split_cells(module, outcome.content.decode())
    if new_sources is None:
        return Outcome(content, error="the migrated code could not be split into cells", hint="report this as a bug")
    return Outcome(
        (bom + _replace_sources(text, new_sources)).encode() if outcome.content != module.source() else content,
        tuple(_relocate_rewrite(module, rewrite) for rewrite in outcome.rewrites),
        tuple(
            _sort_notes(
                [*notes, *(replace(note, location=_cell_location(module, note.location)) for note in outcome.notes)]
            )
        ),
        error,
        hint,
    )


def _code_cells(root: Node) -> Iterator[Cell]:
    sheets = root.member("worksheets")  # up to format 3
    if root.member("cells") is None and sheets is None:
        raise ValueError("no cells")
    key = "source" if sheets is None else "input"
    sheet_nodes = [root] if sheets is None else sheets.elements()
    all_cells = [cell for sheet_node in sheet_nodes for cell in (sheet_node.member("cells") or root).elements()]
    for number, cell in enumerate(all_cells, 1):
        kind, source = cell.member("cell_type"), cell.member(key)
        if kind is None or kind.text() != "code" or source is None:
            continue
        texts = (
            [source.text()] if not isinstance(source.value, list) else [element.text() for element in source.elements()]
        )
        if None in texts:
            raise ValueError(f"the source of cell {number} is not a string")
        language = cell.member("language")
        if language is None or language.text() in PYTHON_LANGUAGES:
            yield Cell(number, source, "".join(element or "" for element in texts))


def _is_python(root: Node) -> bool:
    """Return whether the language of a notebook is Python or not declared."""
    metadata = root.member("metadata") or root
    kernelspec, language_info = metadata.member("kernelspec") or root, metadata.member("language_info") or root
    languages = [
        node.text() for node in (kernelspec.member("language"), language_info.member("name")) if node is not None
    ]
    return not languages or any(str(language).lower() in PYTHON_LANGUAGES for language in languages)


def _build_module(python_cells: list[Cell], hidden_cells: Container[int] = ()) -> Module:
    """Build the module; a hidden cell becomes one placeholder."""
    source = "".join(cell.text for cell in python_cells)
    name = next(name for number in range(len(source) + 1) if (name := f"envkit-{number}") not in source)
    parts, line = [], 1
    for cell in python_cells:
        mask = magics.hide if cell.number in hidden_cells else magics.mask
        masked_cell = mask(cell.text, f"{name}-{cell.number}")
        parts.append(Part(cell, masked_cell, line))
        line += 1 + len(magics.NEWLINE.findall(masked_cell.text + _missing_newline(masked_cell.text)))
    return Module(name, tuple(parts))


def _missing_newline(text: str) -> str:
    return "" if text.endswith(LINE_ENDS) or not text else "\n"


def _split_cells(module: Module, text: str) -> list[tuple[Cell, str]] | None:
    """Split the module into cells with new text; None if a marker or placeholder changed."""
    new_sources: list[tuple[Cell, str]] = []
    rest = text
    preamble = ""
    for index, part in enumerate(module.parts):
        cell_text, marker, rest = rest.partition(module.marker(part))
        if not marker or not _append_cell(new_sources, module, index, cell_text):
            return None
        preamble = cell_text if not index else preamble
    if not _append_cell(new_sources, module, len(module.parts), rest):
        return None
    if preamble and new_sources:  # code inserted before the first marker belongs to the first cell
        new_sources[0] = (new_sources[0][0], preamble + new_sources[0][1])
    return new_sources


def _append_cell(new_sources: list[tuple[Cell, str]], module: Module, index: int, text: str) -> bool:
    if not index:
        return True
    part = module.parts[index - 1]
    if not part.masked_cell.has_placeholders(text):
        return False
    cell_source = part.masked_cell.unmask(text)
    new_sources.append(
        (part.cell, cell_source.removesuffix("\n") if _missing_newline(part.masked_cell.text) else cell_source)
    )
    return True


def _replace_sources(text: str, new_sources: list[tuple[Cell, str]]) -> str:
    separator = next(
        (
            cell_separator
            for cell, _ in new_sources
            if (cell_separator := json_edit.separator(text, cell.node)) is not None
        ),
        ", ",
    )
    position, parts = 0, []
    for cell, new_text in new_sources:
        if new_text != cell.text:
            parts += [
                text[position : cell.node.start],
                json_edit.replace_source(text, cell.node, cell.text, new_text, separator),
            ]
            position = cell.node.end
    return "".join([*parts, text[position:]])


def _relocate_rewrite(module: Module, rewrite: Rewrite) -> Rewrite:
    unmask = _part_at(module, rewrite.location).masked_cell.unmask
    return Rewrite(
        _cell_location(module, rewrite.location), rewrite.rule, unmask(rewrite.before), unmask(rewrite.after)
    )


def _part_at(module: Module, location: Location) -> Part:
    return next((part for part in reversed(module.parts) if part.line <= location.line), module.parts[0])


def _cell_location(module: Module, location: Location) -> Location:
    """Convert a location in the module to a location in its cell."""
    part = _part_at(module, location)
    line, column = max(location.line - part.line, 1), location.column
    for magic in part.masked_cell.magics:
        if magic.line == line and magic.column:
            column = max(column - len(magic.placeholder) + len(magic.text), 1)
    return Location(line, column, part.cell.number)


def _unreadable_cells(module: Module, migrate_python: PythonMigrator) -> dict[int, str]:
    """Parse each cell by itself, and return the reason for each that cannot be read."""
    reasons = {}
    for part in module.parts:
        # Files without the word `keras` are not parsed, nor are files that import nothing.
        text = f"{part.masked_cell.text}{_missing_newline(part.masked_cell.text)}import keras\n"
        if error := migrate_python(text.encode()).error:
            reasons[part.cell.number] = error
    return reasons


def _describe_unreadable(reasons: Mapping[int, str]) -> str:
    return "; ".join(f"cell {number}: {reason}" for number, reason in reasons.items())


def _foreign_notes(code_cells: tuple[Cell, ...]) -> Iterator[Note]:
    for cell in code_cells:
        if magics.is_foreign(cell.text) and (match := KERAS_IMPORT.search(cell.text)):
            line = cell.text.count("\n", 0, match.start()) + 1
            magic = cell.text.split(maxsplit=1)[0]
            yield Note(
                Location(line, 1, cell.number),
                FOREIGN_CELL_RULE,
                Kind.REVIEW,
                f"a cell with {magic} imports keras and is not migrated",
                "migrate the cell by hand, or write its content to a file and migrate that file",
            )


def _install_notes(python_cells: list[Cell], release: str) -> Iterator[Note]:
    for cell in python_cells:
        for line, column, text in magics.commands(cell.text):
            for note in requirements.command_notes(text, release):
                if is_suppressed(text, note.rule):
                    continue
                location = Location(
                    line + note.location.line - 1, note.location.column + (column - 1) * (note.location.line == 1)
                )
                yield replace(note, location=replace(location, cell=cell.number))


def _sort_notes(notes: list[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: (note.location.cell, note.location.line, note.location.column))


def _error_summary(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
