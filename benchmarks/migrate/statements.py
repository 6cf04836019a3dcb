"""The imports of a text, also of one that does not parse: each by itself then."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.migrate.world import ROOTS, UNRECORDED, is_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.migrate.world import ApiIndex

KERAS = ("keras", "tensorflow.keras", "tensorflow.contrib.keras", "tensorflow.python.keras")
GRAMMAR = (3, 9)
MAX_LINES = 40  # of a statement; beyond, its parenthesis was never closed
IMPORT_START = re.compile(r"^[ \t]*(?:from|import)\b")


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name that is imported.

    Attributes:
        line: Where its statement begins, from 1.
        end: Where that ends.
        module: What stands behind `from`, with its dots; empty for a plain import.
        name: What is imported; `*` for all; empty where the statement is no Python.
        local_name: The name that the file has for it.
    """

    line: int
    end: int
    module: str
    name: str
    local_name: str

    @property
    def path(self) -> str:
        """Its dotted name."""
        return ".".join(part for part in (self.module, self.name) if part and part != "*")

    @property
    def is_tracked(self) -> bool:
        """Whether it is of Keras or TensorFlow."""
        return is_under(self.path, ROOTS) or not self.name

    @property
    def is_keras(self) -> bool:
        """Whether it is of Keras: by itself, or in TensorFlow; look-alikes below TensorFlow are what sed makes."""
        return is_under(self.path, KERAS) or self.path.startswith("tensorflow.keras") or not self.name

    def resolves(self, index: ApiIndex) -> bool:
        """Whether the import finds what it names."""
        if not self.name:
            return False
        if not self.module or self.name == "*":
            return index.has_module(self.path)
        if is_under(self.module, UNRECORDED):
            return True
        return index.has_module(self.module) and (index.has(self.path) or index.has_module(self.path))


def parse(text: str) -> ast.Module | None:
    """Return its tree; nothing where it is not Python of TensorFlow 2.9's time."""
    try:
        return ast.parse(text, feature_version=GRAMMAR)
    except (SyntaxError, ValueError, RecursionError):
        return None


def imports(text: str, tree: ast.Module | None) -> list[ImportedName]:
    """Return every name that the text imports."""
    if tree is not None:
        return list(_tree_imports(tree, 0))
    return [
        imported
        for line, statement in _import_statements(text.split("\n"))
        for imported in _parse_statement(line, statement)
    ]


def statement_imports(node: ast.Import | ast.ImportFrom, line_offset: int = 0) -> Iterator[ImportedName]:
    """Yield the names of one statement."""
    line, end = node.lineno + line_offset, (node.end_lineno or node.lineno) + line_offset
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        local_name = alias.asname or (alias.name if module else alias.name.partition(".")[0])
        yield ImportedName(line, end, module, alias.name, local_name)


def _tree_imports(tree: ast.AST, line_offset: int) -> Iterator[ImportedName]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from statement_imports(node, line_offset)


def _import_statements(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        if IMPORT_START.match(line):
            statement_lines = [line]
            while _is_continued(statement_lines) and number + len(statement_lines) < len(lines):
                statement_lines.append(lines[number + len(statement_lines)])
            yield number, "\n".join(statement_lines)


def _is_continued(statement_lines: list[str]) -> bool:
    text = "".join(statement_lines)
    return len(statement_lines) < MAX_LINES and (text.endswith("\\") or text.count("(") > text.count(")"))


def _parse_statement(line_offset: int, statement: str) -> Iterator[ImportedName]:
    tree = parse(textwrap.dedent(statement))
    if tree is not None:
        yield from _tree_imports(tree, line_offset)
    elif "keras" in statement:
        yield ImportedName(line_offset + 1, line_offset + 1 + statement.count("\n"), "", "", "")
