"""What IPython reads and Python does not: hidden behind strings, line for line, and brought back exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first line of a cell that is Python all the same; the body of every other `%%` is something else.
PYTHON_CELL = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|mprun|skip)\b")
CELL_MAGIC = re.compile(r"\s*%%\w")
# These begin a statement of IPython, and no statement of Python.
LINE_MAGIC = re.compile(r"(?P<lead>[ \t]*)(?P<hidden>[%!?].*)")
MAGIC_ASSIGNMENT = re.compile(
    r"(?P<lead>[ \t]*[A-Za-z_][\w.,* \t]*(?:\[[^\]=\n]*\][\w., \t]*)*=[ \t]*)(?P<hidden>(?:!|%[a-zA-Z_]).*)"
)
HELP_QUERY = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>[%!]{0,2}[A-Za-z_*][\w.*]*(?:\[\w+\])?\?{1,2}"
    r"[ \t]*;?[ \t]*(?:#[^\r\n]*)?)(?=[\r\n]|\Z)"
)
# Without `%`, as IPython lets one write them. Two words side by side are Python only if the second is an operator.
AUTOMAGIC = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>(?:pip3?|conda|mamba|cd|ls|ll|mkdir|rmdir|rm|cp|mv|cat|less)[ \t]+"
    r"(?!(?:in|is|if|and|or|not|for|else)\b)(?:[A-Za-z_~]|\.\.?/).*)"
)
# What is timed is Python when it is a simple statement; an import needs a line of its own.
TIMING_MAGIC = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>%time(?:it)?[ \t]+(?:-[a-z]+[ \t]*[0-9]*[ \t]+)*)"
    r"(?!(?:import|from|for|while|if|with|def|class|try|async)\b)(?P<timed>[^\s%!?@#$-][^$?\r\n]*)"
)
TOKEN = re.compile(
    r"(?P<skipped>[^\n\r#\"'\\\[({\])}]+|#[^\n\r]*"
    r"|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|'''(?:\\.|[^\\])*?(?:'''|\Z)"
    r"|\"(?:\\\r\n|\\.|[^\"\\\n])*\"?|'(?:\\\r\n|\\.|[^'\\\n])*'?|\\\r\n|\\.|\\\Z)"
    r"|(?P<opening>[\[({])|(?P<closing>[\])}])|(?P<newline>\r\n|\r|\n)",
    re.DOTALL,
)
REST_OF_LINE = re.compile(r"(?:\\\r?\n|[^\r\n])*")
NEWLINE = re.compile(r"\r\n|\r|\n")
BRACKET_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


@dataclass(frozen=True, slots=True)
class MaskedMagic:
    """What stands behind a string.

    Attributes:
        line: In the cell, from 1.
        placeholder: Python that stands for it, with as many lines.
        text: What it stands for.
        column: From which one on, what is left of the line was moved; 0 where nothing is left.
    """

    line: int
    placeholder: str
    text: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class MaskedCell:
    """A cell as Python.

    Attributes:
        text: Python, line for line what the cell is.
        magics: What stands behind strings, in their order.
    """

    text: str
    magics: tuple[MaskedMagic, ...]

    def unmask(self, text: str) -> str:
        """Return a text, which may be a changed one, with everything hidden back in its place."""
        for magic in self.magics:
            text = text.replace(magic.placeholder, magic.text, 1)
        return text

    def has_placeholders(self, text: str) -> bool:
        """Say whether a text has each stand-in once and in order, so that it can be brought back."""
        positions = [text.find(magic.placeholder) for magic in self.magics]
        return positions == sorted(positions) and all(text.count(magic.placeholder) == 1 for magic in self.magics)


def is_foreign(cell: str) -> bool:
    """Say whether a cell is in another language, or meant for another process, by its first line."""
    return CELL_MAGIC.match(cell) is not None and PYTHON_CELL.match(cell) is None


def mask(cell: str, prefix: str) -> MaskedCell:
    """Hide what is not Python in a cell.

    Args:
        cell: Its source.
        prefix: What the strings begin with; it is nowhere in the notebook.
    """
    parts: list[str] = []
    magics: list[MaskedMagic] = []
    line = 1
    for start, end in _statement_spans(cell):
        statement = cell[start:end]
        match = _match_magic(statement)
        if match is None:
            parts.append(statement)
        else:
            magic = _mask_magic(statement, match, line, f"{prefix}-{len(magics)}")
            magics.append(magic)
            parts.append(statement.replace(magic.text, magic.placeholder, 1))
        line += len(NEWLINE.findall(statement))
    return MaskedCell("".join(parts), tuple(magics))


def commands(cell: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of all that a cell hands to a shell or to IPython."""
    line = 1
    for start, end in _statement_spans(cell):
        if match := _match_magic(cell[start:end]):
            yield line, match.start("hidden") + 1, match["hidden"]
        line += len(NEWLINE.findall(cell[start:end]))


def _mask_magic(statement: str, match: re.Match[str], line: int, name: str) -> MaskedMagic:
    timing = TIMING_MAGIC.match(statement)
    if timing is not None and all(
        timing["timed"].count(opening) == timing["timed"].count(closing) for opening, closing in BRACKET_PAIRS
    ):
        return MaskedMagic(line, f"'''{name}'''; ", timing["hidden"], timing.start("timed") + 1)
    text = match["hidden"]
    newlines = "".join(NEWLINE.findall(text))
    return MaskedMagic(line, f"'''{name}{newlines}'''", text)


def _match_magic(statement: str) -> re.Match[str] | None:
    for pattern in (LINE_MAGIC, HELP_QUERY, MAGIC_ASSIGNMENT, AUTOMAGIC):
        if (match := pattern.match(statement)) is not None:
            return _extend_match(pattern, statement, match)
    return None


def _extend_match(pattern: re.Pattern[str], statement: str, match: re.Match[str]) -> re.Match[str]:
    """Return a match that takes in the lines a backslash adds."""
    if pattern is HELP_QUERY:
        return match
    lead = re.escape(match["lead"])
    return re.match(rf"(?P<lead>{lead})(?P<hidden>{REST_OF_LINE.pattern})", statement) or match


def _statement_spans(cell: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each logical line: what brackets, strings and backslashes hold together."""
    start = 0
    while start < len(cell):
        if _match_magic(cell[start : start + 1000]):  # a line; only its head matters here
            match = REST_OF_LINE.match(cell, start)
            end = _skip_newline(cell, match.end() if match else start)
        else:
            end = _statement_end(cell, start)
        yield start, end
        start = end


def _statement_end(cell: str, position: int) -> int:
    depth = 0
    while position < len(cell):
        token = TOKEN.match(cell, position)
        if token is None:
            return len(cell)
        position = token.end()
        depth += (token["opening"] is not None) - (token["closing"] is not None)
        if token["newline"] is not None and depth <= 0:
            return position
    return position


def _skip_newline(cell: str, position: int) -> int:
    match = NEWLINE.match(cell, position)
    return match.end() if match else position
