"""IPython syntax that is not Python: replace it by string placeholders, line for line, and restore it exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Cell magics whose body is Python; the body of every other `%%` is not migrated.
PYTHON_CELL = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|mprun|skip)\b")
CELL_MAGIC = re.compile(r"\s*%%\w")
# These characters start an IPython statement and never a Python statement.
LINE_MAGIC = re.compile(r"(?P<lead>[ \t]*)(?P<hidden>[%!?].*)")
MAGIC_ASSIGNMENT = re.compile(
    r"(?P<lead>[ \t]*[A-Za-z_][\w.,* \t]*(?:\[[^\]=\n]*\][\w., \t]*)*=[ \t]*)(?P<hidden>(?:!|%[a-zA-Z_]).*)"
)
HELP_QUERY = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>[%!]{0,2}[A-Za-z_*][\w.*]*(?:\[\w+\])?\?{1,2}"
    r"[ \t]*;?[ \t]*(?:#[^\r\n]*)?)(?=[\r\n]|\Z)"
)
# IPython's automagic, without `%`. Two adjacent words are Python only if the second is an operator.
AUTOMAGIC = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>(?:pip3?|conda|mamba|cd|ls|ll|mkdir|rmdir|rm|cp|mv|cat|less)[ \t]+"
    r"(?!(?:in|is|if|and|or|not|for|else)\b)(?:[A-Za-z_~]|\.\.?/).*)"
)
# The timed code is migrated if it is a simple statement; an import must stay on a separate line.
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
WORD = re.compile(r"[A-Za-z_]\w*")
NEWLINE = re.compile(r"\r\n|\r|\n")
BRACKET_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


@dataclass(frozen=True, slots=True)
class MaskedMagic:
    """IPython code replaced by a placeholder.

    Attributes:
        line: 1-based line in the cell.
        placeholder: Python string with the same number of lines.
        text: Original code.
        column: 1-based column from which the rest of the line was shifted; 0 if nothing follows.
    """

    line: int
    placeholder: str
    text: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class MaskedCell:
    """Cell as plain Python.

    Attributes:
        text: Python source with the line numbers of the cell.
        magics: Replaced IPython code, in order.
    """

    text: str
    magics: tuple[MaskedMagic, ...]

    def unmask(self, text: str) -> str:
        """Restore the IPython code in a possibly changed text."""
        for magic in self.magics:
            text = text.replace(magic.placeholder, magic.text, 1)
        return text

    def has_placeholders(self, text: str) -> bool:
        """Return whether a text contains each placeholder once and in order, so that it can be unmasked."""
        positions = [text.find(magic.placeholder) for magic in self.magics]
        return positions == sorted(positions) and all(text.count(magic.placeholder) == 1 for magic in self.magics)


def is_foreign(cell: str) -> bool:
    """Return whether the first line of a cell selects another language or another process."""
    return CELL_MAGIC.match(cell) is not None and PYTHON_CELL.match(cell) is None


def mask(cell: str, prefix: str) -> MaskedCell:
    """Replace the IPython syntax of a cell by placeholders.

    Args:
        cell: Source of the cell.
        prefix: Prefix of the placeholders that does not occur in the notebook.
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


def hide(cell: str, prefix: str) -> MaskedCell:
    """Replace a whole cell that is not Python 3 by a placeholder with its words, which may be uses of names."""
    words = " ".join(sorted(set(WORD.findall(cell))))
    newlines = "".join(NEWLINE.findall(cell.rstrip()))
    magic = MaskedMagic(1, f"'''{prefix}-0 {words}{newlines}'''", cell.rstrip())
    return MaskedCell(magic.placeholder + cell[len(cell.rstrip()) :], (magic,))


def commands(cell: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of each shell command or magic in a cell."""
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
    """Extend a match over lines continued by a backslash."""
    if pattern is HELP_QUERY:
        return match
    lead = re.escape(match["lead"])
    return re.match(rf"(?P<lead>{lead})(?P<hidden>{REST_OF_LINE.pattern})", statement) or match


def _statement_spans(cell: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each logical line, continued by brackets, strings and backslashes."""
    start = 0
    while start < len(cell):
        if _match_magic(cell[start : start + 1000]):  # the start of the line is sufficient
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
