"""What IPython reads and Python does not: hidden behind strings, line for line, and brought back exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first line of a cell that is Python all the same; the body of every other `%%` is something else.
PYTHON_CELL = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|mprun|skip)\b")
CELL = re.compile(r"\s*%%\w")
# These begin a statement of IPython, and no statement of Python.
ESCAPED = re.compile(r"(?P<lead>[ \t]*)(?P<hidden>[%!?].*)")
ASSIGNED = re.compile(
    r"(?P<lead>[ \t]*[A-Za-z_][\w.,* \t]*(?:\[[^\]=\n]*\][\w., \t]*)*=[ \t]*)(?P<hidden>(?:!|%[a-zA-Z_]).*)"
)
ASKED = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>[%!]{0,2}[A-Za-z_*][\w.*]*(?:\[\w+\])?\?{1,2}"
    r"[ \t]*;?[ \t]*(?:#[^\r\n]*)?)(?=[\r\n]|\Z)"
)
# Without `%`, as IPython lets one write them. Two words side by side are Python only if the second is an operator.
AUTOMATIC = re.compile(
    r"(?P<lead>[ \t]*)(?P<hidden>(?:pip3?|conda|mamba|cd|ls|ll|mkdir|rmdir|rm|cp|mv|cat|less)[ \t]+"
    r"(?!(?:in|is|if|and|or|not|for|else)\b)(?:[A-Za-z_~]|\.\.?/).*)"
)
# What is timed is Python when it is a simple statement; an import needs a line of its own.
TIMED = re.compile(
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
TO_THE_END = re.compile(r"(?:\\\r?\n|[^\r\n])*")
NEWLINE = re.compile(r"\r\n|\r|\n")
PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


@dataclass(frozen=True, slots=True)
class Hidden:
    """What stands behind a string.

    Attributes:
        line: In the cell, from 1.
        stand_in: Python that stands for it, with as many lines.
        text: What it stands for.
        column: From which one on, what is left of the line was moved; 0 where nothing is left.
    """

    line: int
    stand_in: str
    text: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Masked:
    """A cell as Python.

    Attributes:
        text: Python, line for line what the cell is.
        hidden: What stands behind strings, in their order.
    """

    text: str
    hidden: tuple[Hidden, ...]

    def shown(self, text: str) -> str:
        """Return a text, which may be a changed one, with everything hidden back in its place."""
        for one in self.hidden:
            text = text.replace(one.stand_in, one.text, 1)
        return text

    def holds_all(self, text: str) -> bool:
        """Say whether a text has each stand-in once and in order, so that it can be brought back."""
        places = [text.find(one.stand_in) for one in self.hidden]
        return places == sorted(places) and all(text.count(one.stand_in) == 1 for one in self.hidden)


def is_foreign(cell: str) -> bool:
    """Say whether a cell is in another language, or meant for another process, by its first line."""
    return CELL.match(cell) is not None and PYTHON_CELL.match(cell) is None


def masked(cell: str, name: str) -> Masked:
    """Hide what is not Python in a cell.

    Args:
        cell: Its source.
        name: What the strings begin with; it is nowhere in the notebook.
    """
    parts: list[str] = []
    hidden: list[Hidden] = []
    line = 1
    for start, end in _statements(cell):
        statement = cell[start:end]
        found = _magic(statement)
        if found is None:
            parts.append(statement)
        else:
            one = _hidden(statement, found, line, f"{name}-{len(hidden)}")
            hidden.append(one)
            parts.append(statement.replace(one.text, one.stand_in, 1))
        line += len(NEWLINE.findall(statement))
    return Masked("".join(parts), tuple(hidden))


def commands(cell: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of all that a cell hands to a shell or to IPython."""
    line = 1
    for start, end in _statements(cell):
        if found := _magic(cell[start:end]):
            yield line, found.start("hidden") + 1, found["hidden"]
        line += len(NEWLINE.findall(cell[start:end]))


def _hidden(statement: str, found: re.Match[str], line: int, name: str) -> Hidden:
    timed = TIMED.match(statement)
    if timed is not None and all(timed["timed"].count(one) == timed["timed"].count(other) for one, other in PAIRS):
        return Hidden(line, f"'''{name}'''; ", timed["hidden"], timed.start("timed") + 1)
    text = found["hidden"]
    newlines = "".join(NEWLINE.findall(text))
    return Hidden(line, f"'''{name}{newlines}'''", text)


def _magic(statement: str) -> re.Match[str] | None:
    for kind in (ESCAPED, ASKED, ASSIGNED, AUTOMATIC):
        if (found := kind.match(statement)) is not None:
            return _whole(kind, statement, found)
    return None


def _whole(kind: re.Pattern[str], statement: str, found: re.Match[str]) -> re.Match[str]:
    """Return a match that takes in the lines a backslash adds."""
    if kind is ASKED:
        return found
    lead = re.escape(found["lead"])
    return re.match(rf"(?P<lead>{lead})(?P<hidden>{TO_THE_END.pattern})", statement) or found


def _statements(cell: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each logical line: what brackets, strings and backslashes hold together."""
    start = 0
    while start < len(cell):
        if _magic(cell[start : start + 1000]):  # a line; only its head matters here
            found = TO_THE_END.match(cell, start)
            end = _past_newline(cell, found.end() if found else start)
        else:
            end = _statement(cell, start)
        yield start, end
        start = end


def _statement(cell: str, at: int) -> int:
    depth = 0
    while at < len(cell):
        found = TOKEN.match(cell, at)
        if found is None:
            return len(cell)
        at = found.end()
        depth += (found["opening"] is not None) - (found["closing"] is not None)
        if found["newline"] is not None and depth <= 0:
            return at
    return at


def _past_newline(cell: str, at: int) -> int:
    found = NEWLINE.match(cell, at)
    return found.end() if found else at
