"""Parse a Python file with LibCST: its tree, the position of each node in the text, and its scopes.

The tree is never printed. Rewrites are spliced into the original text, so everything else stays the same, byte for
byte.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import warnings
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import libcst as cst

from envkit.migrate.outcome import Location
from envkit.migrate.python.node_map import NodeMap
from envkit.migrate.python.positions import Positions
from envkit.migrate.python.scopes import scopes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from libcst.metadata.scope_provider import Scope

_LAST_BLANK_LINES = re.compile(r"(?<=\n)[ \t\r\n]+\Z|(?<=\r)[ \t\r]+\Z")
_NEWLINE = re.compile(r"\r\n?|\n")
# Depth limit of a syntax tree by Python version, levels; None where `ast.parse` itself refuses deep nesting. All other
# versions build trees so deep that the same text crashes LibCST's parser. Real code is far below the default.
AST_DEPTH_LIMITS: dict[tuple[int, int], int | None] = {(3, 11): None, (3, 12): None}
AST_DEPTH_DEFAULT = 1000
_NODE = TypeVar("_NODE", bound=cst.CSTNode)


class UnreadableSource(Exception):
    """The file cannot be parsed as Python.

    Attributes:
        reason: Why it cannot be parsed.
        hint: What makes it readable.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class NestingTooDeep(UnreadableSource):
    """The expressions are nested more deeply than the parser can follow."""

    def __init__(self) -> None:
        super().__init__("its expressions are nested too deeply", "split them, or assign parts of them to variables")


@dataclass(eq=False)
class Source:
    """One parsed file.

    Attributes:
        text: The whole text, without a byte order mark.
        module: Syntax tree.
        spans: Start and end offset of each node, without its parentheses.
        parents: Parent of each node.
        nodes_by_class: Nodes by class in file order, without whitespace and comments.
        node_scopes: Scope of each node.
    """

    text: str
    module: cst.Module
    spans: NodeMap[tuple[int, int]]
    parents: NodeMap[cst.CSTNode]
    nodes_by_class: dict[type, list[cst.CSTNode]] = field(repr=False)
    node_scopes: NodeMap[Scope] = field(repr=False)

    def nodes(self, kind: type[_NODE]) -> list[_NODE]:
        """Return every node of the class in file order."""
        return self.nodes_by_class.get(kind, [])  # type: ignore[return-value]

    def start(self, node: cst.CSTNode) -> int:
        """Return the start offset of the node."""
        return self.spans[node][0]

    def code(self, node: cst.CSTNode) -> str:
        """Return the original code of the node, without its parentheses."""
        begin, end = self.spans[node]
        return self.text[begin:end]

    def outer_span(self, node: cst.BaseExpression) -> tuple[int, int]:
        """Return the span of the expression with its parentheses."""
        begin, end = self.spans[node]
        if node.lpar:
            begin, end = self.spans[node.lpar[0]][0], self.spans[node.rpar[-1]][1]
        return begin, end

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the ancestors of the node, innermost first."""
        while (node := self.parents.get(node)) is not None:  # type: ignore[assignment]
            yield node

    def location(self, offset: int) -> Location:
        """Return the line and column of the offset."""
        line = bisect_right(self._line_starts, offset)
        return Location(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the line with that 1-based number."""
        return self.text[
            self._line_starts[number - 1] : self._line_starts[number] if number < len(self._line_starts) else None
        ]

    def line_span(self, offset: int) -> tuple[int, int]:
        """Return the span of the line at the offset, with its newline."""
        number = self.location(offset).line
        return self._line_starts[number - 1], self._line_starts[number] if number < len(self._line_starts) else len(
            self.text
        )

    def newline(self, offset: int) -> str:
        """Return the newline of the line at the offset, or the default of the file for the last line."""
        match = _NEWLINE.search(self.text, offset)
        return match[0] if match else self.module.default_newline

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @cached_property
    def scopes(self) -> Collection[Scope]:
        """Every scope of the file."""
        return dict.fromkeys(self.node_scopes.values())

    def scope(self, node: cst.CSTNode) -> Scope | None:
        """Return the scope of the node."""
        return self.node_scopes.get(node)


def decode(content: bytes) -> tuple[str, str]:
    """Decode the file, and return the text and the encoding that the file declares.

    Raises:
        UnreadableSource: If the bytes are invalid in that encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
        is_lossless = text.encode(encoding) == content
    except (SyntaxError, UnicodeError, LookupError):
        is_lossless = False
    if not is_lossless:
        raise UnreadableSource("its bytes are invalid in the declared encoding", "save it as UTF-8")
    return text, encoding


def parse_ast(text: str) -> ast.Module | None:
    """Parse the text with `ast`, which is fast; return None if it is not valid Python.

    Raises:
        NestingTooDeep: If the nesting exceeds the limit of Python; it would crash LibCST's parser.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (RecursionError, MemoryError):
        raise NestingTooDeep from None
    except SyntaxError as error:
        if "nested" in error.msg:
            raise NestingTooDeep from None
        return None
    except ValueError:
        return None
    limit = AST_DEPTH_LIMITS.get(sys.version_info[:2], AST_DEPTH_DEFAULT)
    if limit is not None and _is_deeper_than(limit, tree):
        raise NestingTooDeep
    return tree


def _find_error_line(text: str) -> int | None:
    """Find the line of a syntax error with `ast`: LibCST's native parser names the next one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno
    except ValueError:
        return None
    return None


def _is_deeper_than(limit: int, tree: ast.AST) -> bool:
    """Check whether a tree is deeper than the limit, level by level."""
    level: list[ast.AST] = [tree]
    depth = 0
    while level and depth <= limit:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return bool(level)


def _noop(_: cst.CSTNode) -> None:
    pass


@contextmanager
def _skip_validation() -> Iterator[None]:
    """Skip LibCST's validation of new nodes, a fifth of its time; nodes from its own parser are valid."""
    post_init = cst.CSTNode.__post_init__
    cst.CSTNode.__post_init__ = _noop  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        cst.CSTNode.__post_init__ = post_init  # type: ignore[method-assign]


def parse(text: str) -> Source:
    """Parse text that is not nested too deeply (see `parse_ast`).

    Raises:
        UnreadableSource: If it is not valid Python 3.
    """
    # LibCST drops form feeds before statements, so it parses the text without them; the spans are corrected below.
    # It also loses one of several blank lines at the end.
    stripped_text = _LAST_BLANK_LINES.sub("", text.replace("\f", ""))
    try:
        with _skip_validation():
            module = cst.parse_module(stripped_text)
    except cst.ParserSyntaxError as error:
        raise UnreadableSource(
            f"it is not valid Python 3: line {_find_error_line(text) or error.raw_line}",
            "for Python 2, run 2to3 -w -n FILE (part of Python 3.12 and older), then repeat the command",
        ) from error
    positions = Positions(module)
    if "".join(positions.tokens) != stripped_text:
        raise UnreadableSource("it cannot be reproduced byte for byte", "save it with consistent line endings")
    spans = positions.spans if "\f" not in text else _restore_form_feeds(text, positions.spans)
    return Source(
        text,
        module,
        NodeMap(spans),
        NodeMap(positions.parents),
        dict(positions.nodes_by_class),
        scopes(module, uses_typing="typing" in text),
    )


def _restore_form_feeds(text: str, spans: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Convert spans in the text without form feeds to spans in the original text."""
    form_feeds = [match.start() - index for index, match in enumerate(re.finditer("\f", text))]
    restored = {}
    for node, (start, end) in spans.items():
        new_start = start + bisect_right(form_feeds, start)
        restored[node] = (new_start, max(new_start, end + bisect_left(form_feeds, end)))
    return restored
