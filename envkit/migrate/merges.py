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
    new, _ = mode_of(args)
    unfit = set(args.keywords) - {"inputs", "mode", "concat_axis", "dot_axes", "name"}
    if unfit or args.open or len(args.positional) > 2 or (new == "dot" and "dot_axes" not in args.keywords):
        return ""
    return new


def rewrite(draft: Draft, use: Use, call: cst.Call) -> None:
    """Rewrite a call whose mode is written there; tell of any other."""
    args = Arguments(draft.source, call)
    new, (_, mode) = plan(draft.source, call), mode_of(args)
    if not new or not (use.tail or use.binding.instead or use.binding.alias is None):
        draft.tell(RULE, draft.source.start(call))
        return
    callee = use.base.value + use.tail.removesuffix("merge") + new if use.tail else new
    splices: list[Splice] = [(*draft.source.spans[use.node], callee)]
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
