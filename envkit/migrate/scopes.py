"""LibCST's scopes, without the walks that its providers make for nothing.

`MetadataWrapper.resolve(ScopeProvider)` copies what it walks through and walks it four times, through every space and
comma. Here the two visitors that do the work, LibCST's own, each walk once and leave out what holds no names: the same
scopes in a third of the time. A test holds them to what LibCST's provider finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst
from libcst.metadata.expression_context_provider import (
    ExpressionContext,
    ExpressionContextProvider,
    ExpressionContextVisitor,
)
from libcst.metadata.scope_provider import Scope, ScopeVisitor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO_NAMES: tuple[type[object], ...] = (
    cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment, cst.Comma,
    cst.Dot, cst.Colon, cst.Semicolon, cst.AssignEqual, cst.LeftParen, cst.RightParen, cst.LeftSquareBracket,
    cst.RightSquareBracket, cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.BaseBinaryOp, cst.BaseUnaryOp, cst.BaseCompOp,
    cst.BaseAugOp, cst.BaseBooleanOp, cst.BaseNumber, cst.Pass, cst.Break, cst.Continue, cst.Ellipsis,
)


def _below(kind: type[object]) -> Iterator[type[object]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _below(one)


_LEFT_OUT = frozenset(kind for one in _NO_NAMES for kind in _below(one))


class _Quick(cst.CSTVisitor):
    """A visitor that leaves out what holds no names."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        return type(node) not in _LEFT_OUT and super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if type(original_node) not in _LEFT_OUT:
            super().on_leave(original_node)

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        if attribute == "bases":  # the only one that LibCST's visitor of scopes listens to
            super().on_visit_attribute(node, attribute)

    def on_leave_attribute(self, original_node: cst.CSTNode, attribute: str) -> None:
        if attribute == "bases":
            super().on_leave_attribute(original_node, attribute)


class _Contexts(_Quick, ExpressionContextVisitor):
    """Which names are read and which are written."""


class _Scopes(_Quick, ScopeVisitor):
    """Which name stands in which scope, and what it is bound to there."""


class _Ledger:
    """What the visitors write their findings into: it stands where LibCST has a provider."""

    def __init__(self) -> None:
        self.contexts: dict[cst.CSTNode, ExpressionContext] = {}
        self.scopes: dict[cst.CSTNode, Scope] = {}

    def set_metadata(self, node: cst.CSTNode, value: Any) -> None:
        if isinstance(value, ExpressionContext):
            self.contexts[node] = value
        else:
            self.scopes[node] = value

    def get_metadata(
        self, key: type[ExpressionContextProvider], node: cst.CSTNode, default: ExpressionContext | None = None,
    ) -> ExpressionContext | None:
        assert key is ExpressionContextProvider  # noqa: S101 - the visitor of scopes asks for nothing else
        return self.contexts.get(node, default)


def scopes(module: cst.Module) -> Mapping[cst.CSTNode, Scope]:
    """Return the scope that each node of the tree stands in."""
    ledger: Any = _Ledger()
    module.visit(_Contexts(ledger, ExpressionContext.LOAD))
    visitor = _Scopes(ledger)
    module.visit(visitor)
    visitor.infer_accesses()
    return ledger.scopes  # type: ignore[no-any-return]
