"""A Python file as LibCST reads it: its tree, the place of each node in the text, and its scopes.

Nothing is printed back from the tree. What is rewritten is spliced into the text that came in, so that everything else
stays as it was, byte for byte.
"""

from __future__ import annotations

import ast
import io
import re
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

_NEWLINE = re.compile(r"\r\n?|\n")
_NODE = TypeVar("_NODE", bound=cst.CSTNode)


class UnreadableSource(Exception):
    """The file is not Python that can be read.

    Attributes:
        reason: What is the matter.
        hint: What makes it readable.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class NestingTooDeep(UnreadableSource):
    """Its expressions stand in each other deeper than can be followed."""

    def __init__(self) -> None:
        super().__init__("its expressions are nested too deeply", "split them up, or give parts of them names")


@dataclass(eq=False)
class Source:
    """One file that was read.

    Attributes:
        text: All of it, without a byte order mark.
        module: Its tree.
        spans: From where to where in the text each node stands, without its parentheses.
        parents: The node that each node stands in.
        nodes_by_class: Every node but spaces and comments by its class, in the order of the text.
        node_scopes: The scope that each node stands in.
    """

    text: str
    module: cst.Module
    spans: NodeMap[tuple[int, int]]
    parents: NodeMap[cst.CSTNode]
    nodes_by_class: dict[type, list[cst.CSTNode]] = field(repr=False)
    node_scopes: NodeMap[Scope] = field(repr=False)

    def nodes(self, kind: type[_NODE]) -> list[_NODE]:
        """Return every node of that class, in the order of the text."""
        return self.nodes_by_class.get(kind, [])  # type: ignore[return-value]

    def start(self, node: cst.CSTNode) -> int:
        """Where the node begins in the text."""
        return self.spans[node][0]

    def code(self, node: cst.CSTNode) -> str:
        """Return the node as it stands in the text, without its parentheses."""
        begin, end = self.spans[node]
        return self.text[begin:end]

    def outer_span(self, node: cst.BaseExpression) -> tuple[int, int]:
        """From where to where the expression stands with its parentheses."""
        begin, end = self.spans[node]
        if node.lpar:
            begin, end = self.spans[node.lpar[0]][0], self.spans[node.rpar[-1]][1]
        return begin, end

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield what the node stands in, from the nearest."""
        while (node := self.parents.get(node)) is not None:  # type: ignore[assignment]
            yield node

    def location(self, offset: int) -> Location:
        """Return the line and the column of that place in the text."""
        line = bisect_right(self._line_starts, offset)
        return Location(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return that line, counted from 1."""
        return self.text[
            self._line_starts[number - 1] : self._line_starts[number] if number < len(self._line_starts) else None
        ]

    def line_span(self, offset: int) -> tuple[int, int]:
        """From where to where the line stands, with its end."""
        number = self.location(offset).line
        return self._line_starts[number - 1], self._line_starts[number] if number < len(self._line_starts) else len(
            self.text
        )

    def newline(self, offset: int) -> str:
        """Return how the line there ends; as the file's lines do, where it is the last."""
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
        """Return the scope that the node stands in."""
        return self.node_scopes.get(node)


def decode(content: bytes) -> tuple[str, str]:
    """Return the text and what it is encoded in, by the file's own word for it.

    Raises:
        Unreadable: The bytes are not what the file says of them.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
        is_lossless = text.encode(encoding) == content
    except (SyntaxError, UnicodeError, LookupError):
        is_lossless = False
    if not is_lossless:
        raise UnreadableSource("its bytes are not text in the encoding that it names", "save it as UTF-8")
    return text, encoding


def parse_ast(text: str) -> ast.Module | None:
    """Return the text as Python itself reads it, which is quick, or None where it does not.

    Raises:
        TooDeep: The nesting is beyond what Python takes: LibCST's parser would end the process.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        raise NestingTooDeep from None
    except SyntaxError as error:
        if "nested" in error.msg:
            raise NestingTooDeep from None
    except ValueError:
        pass
    return None


def _noop(_: cst.CSTNode) -> None:
    pass


@contextmanager
def _skip_validation() -> Iterator[None]:
    """LibCST checks every node that is made, a fifth of its time; what its own parser makes needs no check."""
    post_init = cst.CSTNode.__post_init__
    cst.CSTNode.__post_init__ = _noop  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        cst.CSTNode.__post_init__ = post_init  # type: ignore[method-assign]


def parse(text: str) -> Source:
    """Read the text, which is not nested too deeply (see `parsed`).

    Raises:
        Unreadable: It is not Python 3.
    """
    # LibCST drops form feeds before statements: it reads the text without them, and its places are put right.
    stripped_text = text.replace("\f", "")
    try:
        with _skip_validation():
            module = cst.parse_module(stripped_text)
    except cst.ParserSyntaxError as error:
        raise UnreadableSource(
            f"it is not Python 3: line {error.raw_line}",
            "if it is Python 2: 2to3 -w -n FILE, then run this again",
        ) from error
    positions = Positions(module)
    if "".join(positions.tokens) != stripped_text:
        raise UnreadableSource("it cannot be given back as it is", "save it with one kind of line ending")
    spans = positions.spans if stripped_text == text else _restore_form_feeds(text, positions.spans)
    return Source(
        text,
        module,
        NodeMap(spans),
        NodeMap(positions.parents),
        dict(positions.nodes_by_class),
        scopes(module, uses_typing="typing" in text),
    )


def _restore_form_feeds(text: str, spans: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Return the places in the text that were found in it without its form feeds."""
    form_feeds = [match.start() - index for index, match in enumerate(re.finditer("\f", text))]
    restored = {}
    for node, (start, end) in spans.items():
        new_start = start + bisect_right(form_feeds, start)
        restored[node] = (new_start, max(new_start, end + bisect_left(form_feeds, end)))
    return restored
