"""The function `merge` of Keras 1, which became one function for each of its modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import Arguments, text_of
from envkit.migrate.names import canonical

if TYPE_CHECKING:
    from envkit.migrate.bindings import Bound, Use
    from envkit.migrate.draft import Draft, Splice
    from envkit.migrate.source import Source

RULE = "layers/merge"
_MODES = {
    "concat": "concatenate", "sum": "add", "mul": "multiply", "ave": "average", "max": "maximum", "dot": "dot",
    "cos": "dot",
}
_LAMBDA = "Lambda"
_PATHS = {"keras.layers.merge", "keras.layers.core.merge", "keras.engine.merge", "keras.engine.topology.merge",
          "keras.layers.merge.merge", "keras.legacy.layers.merge"}


def is_merge(path: str) -> bool:
    """Whether that canonical name is the function."""
    return path in _PATHS


def mode_of(args: Arguments) -> tuple[str, cst.Arg | None]:
    """Return the new function's name, or nothing, and the argument that is the mode."""
    arg = args.keywords.get("mode") or (args.positional[1] if len(args.positional) > 1 else None)
    if arg is None:
        return ("" if args.open else "add"), None
    return _MODES.get(text_of(arg.value) or "", ""), arg


def settle(source: Source, bound: Bound) -> None:
    """Decide what is imported in place of the function, and which of its calls are rewritten."""
    for binding in bound.bindings:
        if not is_merge(canonical(binding.path)) or not binding.uses or any(use.tail for use in binding.uses):
            continue
        calls = [_called(source, use) for use in binding.uses]
        new = [plan(source, call) for call in calls if call is not None]
        names = dict.fromkeys(name for name in new if name)
        same = {one.name for one in bound.bindings if one.path.endswith((f".layers.{one.name}", f".merge.{one.name}"))}
        taken = names.keys() & (bound.bound - same)
        binding.target = ""
        if None not in calls and all(new) and not taken:
            binding.instead = tuple(names)


def is_function(source: Source, use: Use) -> bool:
    """Whether the use means the function, not the module of the same name."""
    return is_merge(use.path) and (_called(source, use) is not None or not use.tail)


def _called(source: Source, use: Use) -> cst.Call | None:
    call = source.parents.get(use.node)
    return call if isinstance(call, cst.Call) and call.func is use.node else None


def plan(source: Source, call: cst.Call) -> str:
    """Return the function that computes what this call does; nothing where a person has to see."""
    args = Arguments(source, call)
    new, mode = mode_of(args)
    if mode is not None and _by_function(source, args, mode):
        return _LAMBDA
    unfit = set(args.keywords) - {"inputs", "mode", "concat_axis", "dot_axes", "name"}
    if unfit or args.open or len(args.positional) > 2 or (new == "dot" and "dot_axes" not in args.keywords):
        return ""
    return new


def _by_function(source: Source, args: Arguments, mode: cst.Arg) -> bool:
    """Whether the mode is a function of the file, and the rest can be put where a Lambda has it."""
    value, call = mode.value, args.call
    own = isinstance(value, cst.Name) and any(one.name.value == value.value for one in source.all(cst.FunctionDef))
    plain = set(args.keywords) <= {"mode", "output_shape", "arguments", "name"}
    if args.open or not plain or len(args.positional) not in {1, 2} or call.args[1] is not mode:
        return False
    return (own or isinstance(value, cst.Lambda)) and _names_only(call.args[0].value)


def _names_only(inputs: cst.BaseExpression) -> bool:
    """Whether nothing is called there that might have to be rewritten: it is moved as it is written."""
    elements = [one.value for one in inputs.elements] if isinstance(inputs, (cst.List, cst.Tuple)) else [inputs]
    return all(isinstance(one, cst.Name) for one in elements)


def _to_lambda(draft: Draft, use: Use, call: cst.Call) -> None:
    """`merge([a, b], mode=f, output_shape=s)` becomes `Lambda(f, output_shape=s)([a, b])`."""
    source = draft.source
    inputs, mode = call.args[0].value, call.args[1].value
    begin, end = source.spans[call]
    first, last = source.outer(inputs)
    draft.rewrite(
        RULE, begin, end, (*source.spans[use.node], _callee(use, _LAMBDA)),
        (source.start(call.args[0]), source.outer(mode)[0], ""), (end, end, f"({source.text[first:last]})"),
    )


def _callee(use: Use, new: str) -> str:
    return use.base.value + use.tail.removesuffix("merge") + new if use.tail else new


def rewrite(draft: Draft, use: Use, call: cst.Call, names: frozenset[str]) -> None:
    """Rewrite a call whose mode is written there; tell of any other.

    Args:
        draft: What is being made of the file.
        use: The function.
        call: Its call.
        names: Every name that the file binds.
    """
    args = Arguments(draft.source, call)
    new, (_, mode) = plan(draft.source, call), mode_of(args)
    by_star = use.binding.alias is None and new not in names
    if not new or not (use.tail or use.binding.instead or by_star):
        draft.tell(RULE, draft.source.start(call))
        return
    if new == _LAMBDA:
        _to_lambda(draft, use, call)
        return
    splices: list[Splice] = [(*draft.source.spans[use.node], _callee(use, new))]
    if mode is not None:
        splices.append(args.drop(mode))
    for old, name, function in (("concat_axis", "axis", "concatenate"), ("dot_axes", "axes", "dot")):
        if old in args.keywords:
            arg = args.keywords[old]
            splices.append(args.rename(arg, name) if new == function else args.drop(arg))
    if mode is not None and text_of(mode.value) == "cos":
        end = draft.source.outer(call.args[-1].value)[1]
        splices.append((end, end, ", normalize=True"))
    draft.rewrite(RULE, *draft.source.spans[call], *splices)
