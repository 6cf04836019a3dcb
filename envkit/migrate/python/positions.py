"""Where each node of a LibCST tree stands in its text, and what it stands in: from one printing of the tree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

# More than half of all nodes, and nobody asks for them.
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
    """The tree as it is printed, and what was learned on the way of all nodes but spaces and comments.

    LibCST's own providers of positions and parents print and walk the tree once each, and keep lines and columns; one
    printing that counts characters does for all of it.

    Attributes:
        spans: By the node's `id`, from where to where in the text it stands, without its parentheses and the space
            around it.
        parents: By the node's `id`, the node that it stands in.
        nodes_by_class: The nodes by their class, in the order of the text.
    """

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.spans: dict[int, tuple[int, int]] = {}
        self.parents: dict[int, cst.CSTNode] = {}
        self.nodes_by_class: dict[type, list[cst.CSTNode]] = defaultdict(list)
        self.offset = 0
        self._stack: list[tuple[cst.CSTNode, int]] = []
        module._codegen(self)  # noqa: SLF001 - how LibCST's own providers do it

    def add_indent_tokens(self) -> None:
        """Print the indentation of the line that begins."""
        self.tokens.extend(self.indent_tokens)
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        """Print a piece of text."""
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Remember where the node begins."""
        kind = type(node)
        if kind not in _TRIVIA:
            if self._stack:
                self.parents[id(node)] = self._stack[-1][0]
                self.nodes_by_class[kind].append(node)
            self._stack.append((node, self.offset))

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Note down where the node stands, unless it told so itself."""
        if type(node) not in _TRIVIA:
            _, begin = self._stack.pop()
            self.spans.setdefault(id(node), (begin, self.offset))

    def record_syntactic_position(  # type: ignore[override]  # a context manager, made by hand for being called so often
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        """Note down where the node stands without the space and the parentheses that it owns."""
        return _PositionRecorder(self, node, start_node, end_node)


class _PositionRecorder:
    __slots__ = ("_begin", "_end_node", "_node", "_places", "_start_node")

    def __init__(
        self,
        positions: Positions,
        node: cst.CSTNode,
        start_node: cst.CSTNode | None,
        end_node: cst.CSTNode | None,
    ) -> None:
        self._places, self._node, self._start_node, self._end_node = positions, node, start_node, end_node

    def __enter__(self) -> None:
        self._begin = self._places.offset

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            spans = self._places.spans
            start = self._begin if self._start_node is None else spans[id(self._start_node)][0]
            end = self._places.offset if self._end_node is None else spans[id(self._end_node)][1]
            spans[id(self._node)] = (start, end)
