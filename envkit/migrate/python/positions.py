"""Record the span and the parent of each node of a LibCST tree while the tree is printed once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

# More than half of all nodes, and never queried.
_TRIVIA = frozenset(
    {
        cst.SimpleWhitespace,
        cst.ParenthesizedWhitespace,
        cst.Newline,
        cst.TrailingWhitespace,
        cst.EmptyLine,
        cst.Comment,
    }
)


class Positions(CodegenState):
    """A printed tree with the positions of all nodes except whitespace and comments.

    LibCST's own providers for positions and parents print and walk the tree once each, and keep lines and columns. One
    printing that counts characters is enough for both.

    Attributes:
        spans: Start and end offset by node `id`, without parentheses and surrounding whitespace.
        parents: Parent node by node `id`.
        nodes_by_class: Nodes by class in file order.
    """

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.spans: dict[int, tuple[int, int]] = {}
        self.parents: dict[int, cst.CSTNode] = {}
        self.nodes_by_class: dict[type, list[cst.CSTNode]] = defaultdict(list)
        self.offset = 0
        self._stack: list[tuple[cst.CSTNode, int]] = []
        module._codegen(self)  # noqa: SLF001 - as LibCST's own providers do

    def add_indent_tokens(self) -> None:
        """Print the indentation of a new line."""
        self.tokens.extend(self.indent_tokens)
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        """Print a piece of text."""
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Record the start of the node."""
        kind = type(node)
        if kind not in _TRIVIA:
            if self._stack:
                self.parents[id(node)] = self._stack[-1][0]
                self.nodes_by_class[kind].append(node)
            self._stack.append((node, self.offset))

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Record the span of the node, unless the node recorded it."""
        if type(node) not in _TRIVIA:
            _, begin = self._stack.pop()
            self.spans.setdefault(id(node), (begin, self.offset))

    def record_syntactic_position(  # type: ignore[override]  # a handwritten context manager, because calls are frequent
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        """Record the span of the node without its whitespace and parentheses."""
        return _PositionRecorder(self, node, start_node, end_node)


class _PositionRecorder:
    __slots__ = ("_begin", "_end_node", "_node", "_positions", "_start_node")

    def __init__(
        self,
        positions: Positions,
        node: cst.CSTNode,
        start_node: cst.CSTNode | None,
        end_node: cst.CSTNode | None,
    ) -> None:
        self._positions, self._node, self._start_node, self._end_node = positions, node, start_node, end_node

    def __enter__(self) -> None:
        self._begin = self._positions.offset

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            spans = self._positions.spans
            start = self._begin if self._start_node is None else spans[id(self._start_node)][0]
            end = self._positions.offset if self._end_node is None else spans[id(self._end_node)][1]
            spans[id(self._node)] = (start, end)
