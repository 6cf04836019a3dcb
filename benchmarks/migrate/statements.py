"""The imports of a text, also of one that does not parse: each by itself then."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.migrate.world import OURS, UNKNOWN, is_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.migrate.world import World

KERAS = ("keras", "tensorflow.keras", "tensorflow.contrib.keras", "tensorflow.python.keras")
GRAMMAR = (3, 9)
MOST_LINES = 40  # of a statement; beyond, its parenthesis was never closed
BEGIN = re.compile(r"^[ \t]*(?:from|import)\b")


@dataclass(frozen=True, slots=True)
class Imported:
    """One name that is imported.

    Attributes:
        line: Where its statement begins, from 1.
        end: Where that ends.
        module: What stands behind `from`, with its dots; empty for a plain import.
        name: What is imported; `*` for all; empty where the statement is no Python.
        bound: The name that the file has for it.
    """

    line: int
    end: int
    module: str
    name: str
    bound: str

    @property
    def path(self) -> str:
        """Its dotted name."""
        return ".".join(part for part in (self.module, self.name) if part and part != "*")

    @property
    def ours(self) -> bool:
        """Whether it is of Keras or TensorFlow."""
        return is_of(self.path, OURS) or not self.name

    @property
    def of_keras(self) -> bool:
        """Whether it is of Keras: by itself, or in TensorFlow; look-alikes below TensorFlow are what sed makes."""
        return is_of(self.path, KERAS) or self.path.startswith("tensorflow.keras") or not self.name

    def resolves(self, world: World) -> bool:
        """Whether the import finds what it names."""
        if not self.name:
            return False
        if not self.module or self.name == "*":
            return world.has_module(self.path)
        if is_of(self.module, UNKNOWN):
            return True
        return world.has_module(self.module) and (world.has(self.path) or world.has_module(self.path))


def parsed(text: str) -> ast.Module | None:
    """Return its tree; nothing where it is not Python of TensorFlow 2.9's time."""
    try:
        return ast.parse(text, feature_version=GRAMMAR)
    except (SyntaxError, ValueError, RecursionError):
        return None


def imports(text: str, tree: ast.Module | None) -> list[Imported]:
    """Return every name that the text imports."""
    if tree is not None:
        return list(_of(tree, 0))
    return [one for line, statement in _pieces(text.split("\n")) for one in _alone(line, statement)]


def of_statement(node: ast.Import | ast.ImportFrom, before: int = 0) -> Iterator[Imported]:
    """Yield the names of one statement."""
    line, end = node.lineno + before, (node.end_lineno or node.lineno) + before
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        bound = alias.asname or (alias.name if module else alias.name.partition(".")[0])
        yield Imported(line, end, module, alias.name, bound)


def _of(tree: ast.AST, before: int) -> Iterator[Imported]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from of_statement(node, before)


def _pieces(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        if BEGIN.match(line):
            piece = [line]
            while _goes_on(piece) and number + len(piece) < len(lines):
                piece.append(lines[number + len(piece)])
            yield number, "\n".join(piece)


def _goes_on(piece: list[str]) -> bool:
    text = "".join(piece)
    return len(piece) < MOST_LINES and (text.endswith("\\") or text.count("(") > text.count(")"))


def _alone(before: int, statement: str) -> Iterator[Imported]:
    tree = parsed(textwrap.dedent(statement))
    if tree is not None:
        yield from _of(tree, before)
    elif "keras" in statement:
        yield Imported(before + 1, before + 1 + statement.count("\n"), "", "", "")
