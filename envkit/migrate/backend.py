"""The backend of Keras 1: the order of dimensions and its literals, shapes kept on tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata.scope_provider import Assignment

from envkit.migrate.arguments import Arguments, number_of, quoted, text_of
from envkit.migrate.calls import ORDERINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.added import Added
    from envkit.migrate.bindings import Bound, Use
    from envkit.migrate.draft import Draft, Splice
    from envkit.migrate.source import Source

_READ = "backend/image-dim-ordering"
_SET = "backend/set-image-dim-ordering"
_FIRST = "backend/channels-first"
_SHAPE = "backend/keras-shape"
_INT_SHAPE = "tensorflow.keras.backend.int_shape"
NAMES = {"keras.backend._BACKEND", "keras.backend._backend"}
_TAKES_IT = {"dim_ordering", "data_format", "image_data_format"}


def rewrite(draft: Draft, bound: Bound, added: Added) -> None:
    """Rewrite what the backend has another way for."""
    for use in bound.uses:
        call = _called(draft.source, use)
        if call is not None:
            _call(draft, use.path, call)
        elif use.path in NAMES and use.tail:
            _name(draft, use, added)
    for node in draft.source.all(cst.Attribute):
        if node.attr.value == "_keras_shape":
            _shape(draft, node, added)
    for literal in draft.source.all(cst.SimpleString):
        if text_of(literal) == "_keras_shape":
            draft.tell(_SHAPE, draft.source.start(literal))


def _call(draft: Draft, path: str, call: cst.Call) -> None:
    if path == "keras.backend.image_dim_ordering":
        _read(draft, call)
    elif path in {"keras.backend.set_image_dim_ordering", "keras.backend.set_image_data_format"}:
        _set(draft, call, old=path.endswith("ordering"))
    elif path == "keras.backend.arange":
        _arange(draft, call)


def _name(draft: Draft, use: Use, added: Added) -> None:
    begin, end = draft.source.spans[use.node]
    text = added.reach("tensorflow.keras.backend.backend", use.scope, use.node) if use.sure else ""
    if text:
        draft.rewrite("backend/name", begin, end, (begin, end, f"{text}()"))
    else:
        draft.tell("backend/name", begin)


def _called(source: Source, use: Use) -> cst.Call | None:
    call = source.parents.get(use.node)
    return call if isinstance(call, cst.Call) and call.func is use.node else None


def _read(draft: Draft, call: cst.Call) -> None:
    """`K.image_dim_ordering() == 'th'`, and where the value goes by way of a variable."""
    source = draft.source
    if _compared(draft, call) or _passed(source, call):
        return
    name = _variable(source, call)
    uses = _uses(source, name) if name is not None else []
    if name is not None and _given(source, name):
        draft.tell(_READ, source.start(call), "Who calls this function may give the old names.")
    for use in uses:
        if not (_compared(draft, use) or _passed(source, use)):
            draft.tell(_READ, source.start(use))
    if not uses:
        draft.tell(_READ, source.start(call))


def _compared(draft: Draft, value: cst.BaseExpression) -> bool:
    """Rewrite the literals that the value is compared with; whether it is compared."""
    source = draft.source
    parent = source.parents[value]
    whole = source.parents[parent] if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(whole, cst.Comparison):
        return False
    others = [whole.left, *(one.comparator for one in whole.comparisons)]
    literals = [literal for other in others for literal in _literals(other)]
    splices: list[Splice] = [(*source.outer(one), quoted(source, one, ORDERINGS[said]))
                             for one in literals if (said := text_of(one)) in ORDERINGS]
    if splices:
        draft.rewrite(_READ, *source.spans[whole], *splices)
    elif not literals:
        draft.tell(_READ, source.start(whole))
    return True


def _literals(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield the strings of a comparison's side: itself, or what a set or list of them holds."""
    if isinstance(node, (cst.Set, cst.List, cst.Tuple)):
        yield from (element.value for element in node.elements if text_of(element.value) is not None)
    elif text_of(node) is not None:
        yield node


def _passed(source: Source, value: cst.BaseExpression) -> bool:
    """Whether the value goes on as an argument that is about just this."""
    arg = source.parents[value]
    return isinstance(arg, cst.Arg) and arg.keyword is not None and arg.keyword.value in _TAKES_IT


def _variable(source: Source, call: cst.Call) -> cst.Name | None:
    assign = source.parents[call]
    if isinstance(assign, cst.Assign) and len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name):
        return assign.targets[0].target
    return None


def _uses(source: Source, name: cst.Name) -> list[cst.Name]:
    """Return where the variable is read, if nothing but this name's scope has to be looked at."""
    scope = source.scope(name)
    return sorted(
        (access.node for one in scope.assignments[name.value] for access in one.references
         if isinstance(access.node, cst.Name)),
        key=source.start,
    ) if scope is not None else []


def _given(source: Source, name: cst.Name) -> bool:
    """Whether the variable is a parameter too."""
    scope = source.scope(name)
    nodes = [one.node for one in scope.assignments[name.value] if isinstance(one, Assignment)] if scope else []
    return any(isinstance(node, cst.Param) or isinstance(source.parents.get(node), cst.Param) for node in nodes)


def _set(draft: Draft, call: cst.Call, *, old: bool) -> None:
    args = Arguments(draft.source, call)
    arg = call.args[0] if len(call.args) == 1 and not args.open else None
    said = text_of(arg.value) if arg is not None else None
    begin, end = draft.source.spans[call]
    if old and arg is not None and said in ORDERINGS:
        draft.rewrite(_SET, begin, end, args.value(arg, quoted(draft.source, arg.value, ORDERINGS[said])))
    elif old:
        draft.tell(_SET, begin)
    if said in {"th", "channels_first"}:
        draft.tell(_FIRST, begin)


def _arange(draft: Draft, call: cst.Call) -> None:
    if len(call.args) != 1 or call.args[0].keyword is not None or call.args[0].star:
        return
    inside = [node for node in draft.source.above(call) if isinstance(node, (cst.FunctionDef, cst.Lambda))]
    if inside and number_of(call.args[0].value) is None:
        begin = draft.source.start(call.args[0])
        draft.rewrite("backend/arange", *draft.source.spans[call], (begin, begin, "0, "))


def _shape(draft: Draft, node: cst.Attribute, added: Added) -> None:
    """`x._keras_shape` is read as `K.int_shape(x)`."""
    source = draft.source
    begin, end = source.spans[node]
    scope = source.scope(node)
    stored = isinstance(source.parents[node], (cst.AssignTarget, cst.AugAssign, cst.Del)) and not _value(source, node)
    text = added.reach(_INT_SHAPE, scope, node) if scope is not None and not stored else ""
    if not text:
        draft.tell(_SHAPE, begin)
        return
    first, last = source.outer(node.value)
    draft.rewrite(_SHAPE, begin, end, (first, first, f"{text}("), (last, end, ")"))


def _value(source: Source, node: cst.BaseExpression) -> bool:
    parent = source.parents[node]
    return isinstance(parent, cst.AugAssign) and parent.value is node
