"""Notebooks: all code cells migrated as one module, and only the changed source strings put into the old bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkit.migrate import magics, requirements, spans, splice
from envkit.migrate.ignored import ignores
from envkit.migrate.outcome import Kind, Note, Outcome, Rewrite, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.migrate.magics import Masked
    from envkit.migrate.spans import Node

    Code = Callable[[bytes], Outcome]

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
PYTHON = {"python", "python3", "python2", "ipython", "ipython3", "ipython2"}
ELSEWHERE = re.compile(r"^[ \t]*(?:import|from)[ \t]+keras\b", re.MULTILINE)
FOREIGN = "notebooks/other-cell"
AGAIN = "open and save it in Jupyter, then repeat the command"
ENDS = ("\n", "\r")


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell.

    Attributes:
        number: Among all cells of the notebook, from 1.
        node: Its source in the JSON text.
        text: What the source stands for.
    """

    number: int
    node: Node
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A cell in the module that all of them make.

    Attributes:
        cell: The cell.
        masked: It, as Python.
        line: Of the marker before it, in the module.
    """

    cell: Cell
    masked: Masked
    line: int


@dataclass(frozen=True, slots=True)
class Module:
    """All code cells as one module: names that one cell binds, the next ones use.

    Attributes:
        name: Begins each marker and stand-in, and is nowhere in the notebook.
        parts: The cells, in order.
    """

    name: str
    parts: tuple[Part, ...]

    def source(self) -> bytes:
        """Return it as Python."""
        pieces = [f"{self.marker(one)}{one.masked.text}{_ending(one.masked.text)}" for one in self.parts]
        return "".join(pieces).encode()

    def marker(self, part: Part) -> str:
        """Return the line before a cell: a statement, since comments go with what stands behind them."""
        return f"'{self.name}-cell-{part.cell.number}'\n"


def migrate(content: bytes, code: Code, release: str = "") -> Outcome:
    """Migrate a notebook's code cells.

    Args:
        content: The notebook.
        code: Migrates Python.
        release: Of TensorFlow, for what is said about packages that a cell installs.
    """
    try:
        text = content.decode()
        lead = BOM if text.startswith(BOM) else ""
        root = spans.parse(text[len(lead) :])
        found = tuple(_code_cells(root))
        for one in found:
            one.text.encode()
    except (ValueError, TypeError) as error:
        return Outcome(content, unreadable=f"it is no notebook that can be read: {_why(error)}", mend=AGAIN)
    text = text[len(lead) :]
    if not _is_python(root) or not any("keras" in one.text.lower() for one in found):
        return Outcome(content)
    return _migrated(content, lead, text, found, code, release)


def cells(content: bytes) -> dict[int, str]:
    """Return the source of each code cell by its number, to show what changed.

    Raises:
        ValueError: It is no notebook.
    """
    return {one.number: one.text for one in _code_cells(spans.parse(content.decode().removeprefix(BOM)))}


def _migrated(
    content: bytes, lead: str, text: str, found: tuple[Cell, ...], code: Code, release: str
) -> Outcome:
    python = [one for one in found if not magics.is_foreign(one.text)]
    told = [*_foreign(found), *_installed(python, release)]
    module = _module(python)
    source = module.source()
    if b"keras" not in source:
        return Outcome(content, notes=tuple(_in_order(told)))
    outcome = code(source)
    if outcome.unreadable:
        return _unreadable(content, outcome, module, code)
    changed = _taken_apart(module, outcome.content.decode())
    if changed is None:
        return Outcome(content, unreadable="its cells could not be told apart again", mend="please report it as a bug")
    return Outcome(
        (lead + _spliced(text, changed)).encode() if outcome.content != source else content,
        tuple(_placed(module, one) for one in outcome.rewrites),
        tuple(_in_order([*told, *(replace(one, where=_where(module, one.where)) for one in outcome.notes)])),
    )


def _code_cells(root: Node) -> Iterator[Cell]:
    sheets = root.member("worksheets")  # up to format 3
    if root.member("cells") is None and sheets is None:
        raise ValueError("it has no cells")
    key = "source" if sheets is None else "input"
    sheet = [root] if sheets is None else sheets.elements()
    cells_ = [cell for one in sheet for cell in (one.member("cells") or root).elements()]
    for number, cell in enumerate(cells_, 1):
        kind, source = cell.member("cell_type"), cell.member(key)
        if kind is None or kind.text() != "code" or source is None:
            continue
        texts = [source.text()] if not isinstance(source.value, list) else [one.text() for one in source.elements()]
        if None in texts:
            raise ValueError(f"the source of cell {number} is no text")
        language = cell.member("language")
        if language is None or language.text() in PYTHON:
            yield Cell(number, source, "".join(one or "" for one in texts))


def _is_python(root: Node) -> bool:
    """Say whether a notebook's language is Python, or it does not tell."""
    metadata = root.member("metadata") or root
    kernel, told = metadata.member("kernelspec") or root, metadata.member("language_info") or root
    languages = [one.text() for one in (kernel.member("language"), told.member("name")) if one is not None]
    return not languages or any(str(one).lower() in PYTHON for one in languages)


def _module(python: list[Cell]) -> Module:
    whole = "".join(one.text for one in python)
    name = next(name for number in range(len(whole) + 1) if (name := f"envkit-{number}") not in whole)
    parts, line = [], 1
    for cell in python:
        masked = magics.masked(cell.text, f"{name}-{cell.number}")
        parts.append(Part(cell, masked, line))
        line += 1 + len(magics.NEWLINE.findall(masked.text + _ending(masked.text)))
    return Module(name, tuple(parts))


def _ending(text: str) -> str:
    return "" if text.endswith(ENDS) or not text else "\n"


def _taken_apart(module: Module, text: str) -> list[tuple[Cell, str]] | None:
    """Return each cell with its new text, or None where a marker or a stand-in is not as it was."""
    made: list[tuple[Cell, str]] = []
    rest = text
    lead = ""
    for number, part in enumerate(module.parts):
        before, marker, rest = rest.partition(module.marker(part))
        if not marker or not _put(made, module, number, before):
            return None
        lead = before if not number else lead
    if not _put(made, module, len(module.parts), rest):
        return None
    if lead and made:  # what was put before everything belongs to the first cell
        made[0] = (made[0][0], lead + made[0][1])
    return made


def _put(made: list[tuple[Cell, str]], module: Module, number: int, text: str) -> bool:
    if not number:
        return True
    part = module.parts[number - 1]
    if not part.masked.holds_all(text):
        return False
    shown = part.masked.shown(text)
    made.append((part.cell, shown.removesuffix("\n") if _ending(part.masked.text) else shown))
    return True


def _spliced(text: str, changed: list[tuple[Cell, str]]) -> str:
    between = next((one for cell, _ in changed if (one := splice.separator(text, cell.node)) is not None), ", ")
    done, written = 0, []
    for cell, new in changed:
        if new != cell.text:
            written += [text[done : cell.node.start], splice.spliced(text, cell.node, cell.text, new, between)]
            done = cell.node.end
    return "".join([*written, text[done:]])


def _placed(module: Module, one: Rewrite) -> Rewrite:
    shown = _part(module, one.where).masked.shown
    return Rewrite(_where(module, one.where), one.rule, shown(one.before), shown(one.after))


def _part(module: Module, where: Where) -> Part:
    return next((one for one in reversed(module.parts) if one.line <= where.line), module.parts[0])


def _where(module: Module, where: Where) -> Where:
    """Return the place in the cell of a place in the module."""
    part = _part(module, where)
    line, column = max(where.line - part.line, 1), where.column
    for one in part.masked.hidden:
        if one.line == line and one.column:
            column = max(column - len(one.stand_in) + len(one.text), 1)
    return Where(line, column, part.cell.number)


def _unreadable(content: bytes, outcome: Outcome, module: Module, code: Code) -> Outcome:
    for one in module.parts:
        # The word makes sure that it is read at all.
        alone = code(f"{one.masked.text}{_ending(one.masked.text)}# keras\n".encode())
        if alone.unreadable:
            why = f"cell {one.cell.number}: {alone.unreadable}"
            return Outcome(content, unreadable=why, mend="write that cell in Python 3, then repeat the command")
    return Outcome(content, unreadable=outcome.unreadable, mend=outcome.mend)


def _foreign(found: tuple[Cell, ...]) -> Iterator[Note]:
    for one in found:
        if magics.is_foreign(one.text) and (named := ELSEWHERE.search(one.text)):
            line = one.text.count("\n", 0, named.start()) + 1
            head = one.text.split(maxsplit=1)[0]
            yield Note(
                Where(line, 1, one.number), FOREIGN, Kind.REVIEW,
                f"a cell under {head} imports keras and is left alone",
                "migrate what the cell holds by hand, or write it to a file and migrate that",
            )


def _installed(python: list[Cell], release: str) -> Iterator[Note]:
    for cell in python:
        for line, column, text in magics.commands(cell.text):
            for note in requirements.command(text, release):
                if ignores(text, note.rule):
                    continue
                where = Where(line + note.where.line - 1, note.where.column + (column - 1) * (note.where.line == 1))
                yield replace(note, where=replace(where, cell=cell.number))


def _in_order(notes: list[Note]) -> list[Note]:
    return sorted(notes, key=lambda one: (one.where.cell, one.where.line, one.where.column))


def _why(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
