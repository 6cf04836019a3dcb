"""Compute LibCST's scopes without the extra walks of its providers.

`MetadataWrapper.resolve(ScopeProvider)` copies the tree, walks it four times through every space and comma, and
rebuilds every node on the way. Here a walk that rebuilds nothing and skips nodes without names drives LibCST's own
visitor. A test compares the scopes with those of LibCST's provider.
"""

from __future__ import annotations

from dataclasses import Field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import libcst as cst
from libcst.metadata.expression_context_provider import ExpressionContext
from libcst.metadata.scope_provider import _ASSIGNMENT_LIKE_NODES, Scope, ScopeVisitor

from envkit.migrate.python.node_map import NodeMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NAMELESS_BASES: tuple[type[object], ...] = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Newline,
    cst.Comment,
    cst.Comma,
    cst.Dot,
    cst.Colon,
    cst.Semicolon,
    cst.AssignEqual,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
    cst.BaseBinaryOp,
    cst.BaseUnaryOp,
    cst.BaseCompOp,
    cst.BaseAugOp,
    cst.BaseBooleanOp,
    cst.BaseNumber,
    cst.Pass,
    cst.Break,
    cst.Continue,
    cst.Ellipsis,
)
# Node fields for whitespace and punctuation.
_NAMELESS_FIELDS = (
    "whitespace_",
    "leading_",
    "trailing_",
    "lines_after_",
    "lpar",
    "rpar",
    "lbra",
    "rbra",
    "comma",
    "semicolon",
    "equal",
    "dot",
    "colon",
    "first_colon",
    "second_colon",
    "operator",
    "header",
    "footer",
    "asynchronous",
    "posonly_ind",
)
# Nodes whose fields are declared in another order than in the source, or that have a field without names to resolve.
_FIELD_ORDER: Mapping[type[cst.CSTNode], tuple[str, ...]] = {
    cst.IfExp: ("body", "test", "orelse"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.Arg: ("value",),
}
# Fields whose names are bound, not read.
_BINDING_FIELDS: Mapping[type[cst.CSTNode], str] = {
    cst.AssignTarget: "target",
    cst.AnnAssign: "target",
    cst.AugAssign: "target",
    cst.NamedExpr: "target",
    cst.CompFor: "target",
    cst.For: "target",
    cst.AsName: "name",
    cst.ListComp: "for_in",
    cst.SetComp: "for_in",
    cst.DictComp: "for_in",
    cst.GeneratorExp: "for_in",
}


def _subclasses(kind: type[object]) -> Iterator[type[object]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _subclasses(subclass)


_NAMELESS_NODES = frozenset(kind for base in _NAMELESS_BASES for kind in _subclasses(base))


class _VisitPlan(NamedTuple):
    """How the walk handles nodes of one class.

    Attributes:
        enter: Visitor method to call on entry.
        has_leave: Whether LibCST has work to do on leaving the node.
        child_fields: Fields to descend into.
        binding_field: Field whose names are bound.
    """

    enter: Callable[[Any, Any], bool | None] | None
    has_leave: bool
    child_fields: tuple[str, ...]
    binding_field: str


class _EmptyScope:
    """Replaces the scope when LibCST looks up `typing` names and the file has none."""

    def get_qualified_names_for(self, _node: object) -> tuple[()]:
        return ()


class _MetadataStore:
    """Replaces LibCST's provider as the object that the visitor stores its results in."""

    def __init__(self) -> None:
        self.scopes: dict[int, Scope] = {}
        self.binding_ids: set[int] = set()

    def set_metadata(self, node: cst.CSTNode, value: Scope) -> None:
        self.scopes[id(node)] = value

    def get_metadata(self, _key: object, node: cst.CSTNode, _default: object = None) -> ExpressionContext | None:
        """Return the expression context, the only metadata the visitor requests; it treats None as a read."""
        return ExpressionContext.STORE if id(node) in self.binding_ids else None


class _ScopeCollector(ScopeVisitor):
    """Collects the scope of each node and the bindings in each scope."""

    def __init__(self, store: Any, *, uses_typing: bool) -> None:
        super().__init__(store)
        self._store: _MetadataStore = store
        self._uses_typing = uses_typing

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Walk the node here, and stop LibCST's own walk, which would rebuild everything below it."""
        plan = _visit_plan(type(node))
        if plan is None:
            return False
        if plan.binding_field:
            self._bind(getattr(node, plan.binding_field))
        if plan.enter is not None and plan.enter(self, node) is False:
            return False
        for name in plan.child_fields:
            child = getattr(node, name)
            for child_node in child if isinstance(child, (list, tuple)) else (child,):
                kind: type = type(child_node)
                if _visit_plan(kind) is not None:
                    self.on_visit(child_node)
                    self.on_leave(child_node)
        return False

    def on_leave(self, original_node: cst.CSTNode) -> None:
        plan = _visit_plan(type(original_node))
        if plan is not None:
            if plan.has_leave:
                super().on_leave(original_node)
            else:
                self._store.scopes[id(original_node)] = self.scope

    def visit_Call(self, node: cst.Call) -> bool | None:  # noqa: N802 - LibCST's name
        return self._visit(super().visit_Call, node)

    def visit_Subscript(self, node: cst.Subscript) -> bool | None:  # noqa: N802 - LibCST's name
        return self._visit(super().visit_Subscript, node)

    def _visit(self, visit: Callable[[Any], bool | None], node: cst.CSTNode) -> bool | None:
        """Visit a node that may use `typing`; skip LibCST's costly lookup if the file does not."""
        if self._uses_typing:
            return visit(node)
        scope, self.scope = self.scope, _EMPTY_SCOPE
        try:
            return visit(node)
        finally:
            self.scope = scope

    def _bind(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._store.binding_ids.add(id(target))
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind(element.value)
        elif isinstance(target, cst.CompFor):
            self._bind(target.target)


_EMPTY_SCOPE: Any = _EmptyScope()


@cache
def _visit_plan(kind: type) -> _VisitPlan | None:
    if kind in _NAMELESS_NODES or not issubclass(kind, cst.CSTNode):
        return None
    has_leave = issubclass(kind, _ASSIGNMENT_LIKE_NODES) or _visitor_method(f"leave_{kind.__name__}") is not None
    child_fields = _FIELD_ORDER.get(kind) or tuple(field.name for field in fields(kind) if _may_hold_names(field))
    return _VisitPlan(
        _visitor_method(f"visit_{kind.__name__}") if kind not in _FIELD_ORDER else None,
        has_leave,
        child_fields,
        _BINDING_FIELDS.get(kind, ""),
    )


def _may_hold_names(field: Field[Any]) -> bool:
    return not field.name.startswith(_NAMELESS_FIELDS) and field.type not in {"str", str}


def _visitor_method(name: str) -> Callable[[Any, Any], bool | None] | None:
    """Return the method of that name, or None if it is the empty default of every visitor."""
    method: Callable[[Any, Any], bool | None] | None = getattr(_ScopeCollector, name, None)
    return None if method is getattr(cst.CSTVisitor, name, None) else method


def scopes(module: cst.Module, *, uses_typing: bool = True) -> NodeMap[Scope]:
    """Compute the scope of each node of the tree.

    Args:
        module: Syntax tree.
        uses_typing: Whether the tree may use names from `typing`.
    """
    store = _MetadataStore()
    visitor = _ScopeCollector(store, uses_typing=uses_typing)
    module.visit(visitor)
    visitor.infer_accesses()
    return NodeMap(store.scopes)
