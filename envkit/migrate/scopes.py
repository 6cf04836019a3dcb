"""LibCST's scopes, without the walks that its providers make for nothing.

`MetadataWrapper.resolve(ScopeProvider)` copies what it walks through, walks it four times, through every space and
comma, and builds every node anew as it goes. Here LibCST's own visitor, which does the work, is led by a walk that
builds nothing and leaves out what holds no names. A test holds the scopes to what LibCST's provider finds.
"""

from __future__ import annotations

from dataclasses import Field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import libcst as cst
from libcst.metadata.expression_context_provider import ExpressionContext
from libcst.metadata.scope_provider import _ASSIGNMENT_LIKE_NODES, Scope, ScopeVisitor

from envkit.migrate.nodes import ByNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NO_NAMES: tuple[type[object], ...] = (
    cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment, cst.Comma,
    cst.Dot, cst.Colon, cst.Semicolon, cst.AssignEqual, cst.LeftParen, cst.RightParen, cst.LeftSquareBracket,
    cst.RightSquareBracket, cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.BaseBinaryOp, cst.BaseUnaryOp, cst.BaseCompOp,
    cst.BaseAugOp, cst.BaseBooleanOp, cst.BaseNumber, cst.Pass, cst.Break, cst.Continue, cst.Ellipsis,
)
# Fields of nodes that are spaces and punctuation.
_NO_NAMES_IN = (
    "whitespace_", "leading_", "trailing_", "lines_after_", "lpar", "rpar", "lbra", "rbra", "comma", "semicolon",
    "equal", "dot", "colon", "first_colon", "second_colon", "operator", "header", "footer", "asynchronous",
    "posonly_ind",
)
# Where the fields of a node are declared in another order than they are written in, or one of them is no name.
_ORDER: Mapping[type[cst.CSTNode], tuple[str, ...]] = {
    cst.IfExp: ("body", "test", "orelse"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.Arg: ("value",),
}
# What is written to: the fields in which names are bound, not read.
_BINDS: Mapping[type[cst.CSTNode], str] = {
    cst.AssignTarget: "target", cst.AnnAssign: "target", cst.AugAssign: "target", cst.NamedExpr: "target",
    cst.CompFor: "target", cst.For: "target", cst.AsName: "name",
    cst.ListComp: "for_in", cst.SetComp: "for_in", cst.DictComp: "for_in", cst.GeneratorExp: "for_in",
}


def _below(kind: type[object]) -> Iterator[type[object]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _below(one)


_LEFT_OUT = frozenset(kind for one in _NO_NAMES for kind in _below(one))


class _Way(NamedTuple):
    """What is done at nodes of a class.

    Attributes:
        enter: The visitor's method for it.
        leaves: Whether LibCST has anything to do when such a node is left.
        below: The fields that are walked on into.
        binds: The field in which names are bound.
    """

    enter: Callable[[Any, Any], bool | None] | None
    leaves: bool
    below: tuple[str, ...]
    binds: str


class _Unnamed:
    """Stands in a scope's place where LibCST asks it for names of `typing`, and the file has none."""

    def get_qualified_names_for(self, _node: object) -> tuple[()]:
        return ()


class _Ledger:
    """What the visitor writes its findings into: it stands where LibCST has a provider."""

    def __init__(self) -> None:
        self.scopes: dict[int, Scope] = {}
        self.bound: set[int] = set()

    def set_metadata(self, node: cst.CSTNode, value: Scope) -> None:
        self.scopes[id(node)] = value

    def get_metadata(self, _key: object, node: cst.CSTNode, _default: object = None) -> ExpressionContext | None:
        """Return how a name is used; the visitor asks for that alone, and takes a read for what is not told."""
        return ExpressionContext.STORE if id(node) in self.bound else None


class _Scopes(ScopeVisitor):
    """Which name stands in which scope, and what it is bound to there."""

    def __init__(self, ledger: Any, *, typed: bool) -> None:
        super().__init__(ledger)
        self._ledger: _Ledger = ledger
        self._typed = typed

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Walk through the node here, and let LibCST walk no further: it would build all below it anew."""
        way = _way(type(node))
        if way is None:
            return False
        if way.binds:
            self._bind(getattr(node, way.binds))
        if way.enter is not None and way.enter(self, node) is False:
            return False
        for name in way.below:
            child = getattr(node, name)
            for one in child if isinstance(child, (list, tuple)) else (child,):
                kind: type = type(one)
                if _way(kind) is not None:
                    self.on_visit(one)
                    self.on_leave(one)
        return False

    def on_leave(self, original_node: cst.CSTNode) -> None:
        way = _way(type(original_node))
        if way is not None:
            if way.leaves:
                super().on_leave(original_node)
            else:
                self._ledger.scopes[id(original_node)] = self.scope

    def visit_Call(self, node: cst.Call) -> bool | None:  # noqa: N802 - LibCST's name
        return self._visit(super().visit_Call, node)

    def visit_Subscript(self, node: cst.Subscript) -> bool | None:  # noqa: N802 - LibCST's name
        return self._visit(super().visit_Subscript, node)

    def _visit(self, visit: Callable[[Any], bool | None], node: cst.CSTNode) -> bool | None:
        """Visit what may be a use of `typing`, which LibCST looks up by all that its name can mean."""
        if self._typed:
            return visit(node)
        scope, self.scope = self.scope, _UNNAMED
        try:
            return visit(node)
        finally:
            self.scope = scope

    def _bind(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._ledger.bound.add(id(target))
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind(element.value)
        elif isinstance(target, cst.CompFor):
            self._bind(target.target)


_UNNAMED: Any = _Unnamed()


@cache
def _way(kind: type) -> _Way | None:
    if kind in _LEFT_OUT or not issubclass(kind, cst.CSTNode):
        return None
    leaves = issubclass(kind, _ASSIGNMENT_LIKE_NODES) or _own(f"leave_{kind.__name__}") is not None
    below = _ORDER.get(kind) or tuple(one.name for one in fields(kind) if _may_hold_names(one))
    return _Way(_own(f"visit_{kind.__name__}") if kind not in _ORDER else None, leaves, below, _BINDS.get(kind, ""))


def _may_hold_names(field: Field[Any]) -> bool:
    return not field.name.startswith(_NO_NAMES_IN) and field.type not in {"str", str}


def _own(name: str) -> Callable[[Any, Any], bool | None] | None:
    """Return the method of that name; nothing where it is the one that does nothing, which every visitor has."""
    found: Callable[[Any, Any], bool | None] | None = getattr(_Scopes, name, None)
    return None if found is getattr(cst.CSTVisitor, name, None) else found


def scopes(module: cst.Module, *, typed: bool = True) -> ByNode[Scope]:
    """Return the scope that each node of the tree stands in.

    Args:
        module: The tree.
        typed: Whether it may have annotations by names of `typing`.
    """
    ledger = _Ledger()
    visitor = _Scopes(ledger, typed=typed)
    module.visit(visitor)
    visitor.infer_accesses()
    return ByNode(ledger.scopes)
