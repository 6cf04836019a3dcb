"""Where each node of a LibCST tree stands in its text, and what it stands in: from one printing of the tree."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from libcst._nodes.internal import CodegenState

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst


class Places(CodegenState):
    """The tree as it is printed, and what was learned on the way.

    LibCST's own providers of positions and parents print and walk the tree once each, and keep lines and columns; one
    printing that counts characters does for all of it.

    Attributes:
        spans: From where to where in the text each node stands, without its parentheses and the space around it.
        parents: The node that each node stands in; nodes in the order of the text.
    """

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.spans: dict[cst.CSTNode, tuple[int, int]] = {}
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self._offset = 0
        self._open: list[tuple[cst.CSTNode, int]] = []
        module._codegen(self)  # noqa: SLF001 - how LibCST's own providers do it

    def add_indent_tokens(self) -> None:
        """Print the indentation of the line that begins."""
        self.tokens.extend(self.indent_tokens)
        self._offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        """Print a piece of text."""
        self.tokens.append(value)
        self._offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Remember where the node begins."""
        if self._open:
            self.parents[node] = self._open[-1][0]
        self._open.append((node, self._offset))

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Note down where the node stands, unless it told so itself."""
        _, begin = self._open.pop()
        self.spans.setdefault(node, (begin, self._offset))

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None,
    ) -> Iterator[None]:
        """Note down where the node stands without the space and the parentheses that it owns."""
        begin = self._offset
        yield
        first = self.spans[start_node][0] if start_node is not None else begin
        last = self.spans[end_node][1] if end_node is not None else self._offset
        self.spans[node] = (first, last)
