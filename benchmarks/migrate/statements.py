"""Find the imports of a text; if the text does not parse, each import is parsed separately."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.migrate.api_index import ROOTS, UNRECORDED, is_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.migrate.api_index import ApiIndex

KERAS = ("keras", "tensorflow.keras", "tensorflow.contrib.keras", "tensorflow.python.keras")
GRAMMAR = (3, 9)
MAX_LINES = 40  # of a statement; a longer one has an unclosed parenthesis
IMPORT_START = re.compile(r"^[ \t]*(?:from|import)\b")


@dataclass(frozen=True, slots=True)
class ImportedName:
    """Imported name.

    Attributes:
        line: First line of the statement, 1-based.
        end: Last line of the statement.
        module: Module after `from`, with leading dots; empty for a plain import.
        name: Imported name; `*` for all; empty if the statement is invalid.
        local_name: Name in the file.
    """

    line: int
    end: int
    module: str
    name: str
    local_name: str

    @property
    def path(self) -> str:
        """Dotted name."""
        return ".".join(part for part in (self.module, self.name) if part and part != "*")

    @property
    def is_tracked(self) -> bool:
        """Whether the name belongs to Keras or TensorFlow."""
        return is_under(self.path, ROOTS) or not self.name

    @property
    def is_keras(self) -> bool:
        """Whether the name belongs to Keras, standalone or in TensorFlow, including look-alikes that sed creates."""
        return is_under(self.path, KERAS) or self.path.startswith("tensorflow.keras") or not self.name

    def resolves(self, index: ApiIndex) -> bool:
        """Return whether the import succeeds."""
        if not self.name:
            return False
        if not self.module or self.name == "*":
            return index.has_module(self.path)
        if is_under(self.module, UNRECORDED):
            return True
        return index.has_module(self.module) and (index.has(self.path) or index.has_module(self.path))


def parse(text: str) -> ast.Module | None:
    """Parse a text; None if it is not valid Python 3.9."""
    try:
        return ast.parse(text, feature_version=GRAMMAR)
    except (SyntaxError, ValueError, RecursionError):
        return None


def imports(text: str, tree: ast.Module | None) -> list[ImportedName]:
    """Return all names that the text imports."""
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
