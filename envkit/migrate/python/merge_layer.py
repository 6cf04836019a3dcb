"""Rewrite the Keras 1 function `merge`, which became one function per mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.name_mapping import canonical_name
from envkit.migrate.python.call_arguments import Arguments, string_value

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import KerasUsage, Use
    from envkit.migrate.python.edits import EditSet, Splice
    from envkit.migrate.python.parsed_file import Source

RULE = "layers/merge"
_MODE_FUNCTIONS = {
    "concat": "concatenate",
    "sum": "add",
    "mul": "multiply",
    "ave": "average",
    "max": "maximum",
    "dot": "dot",
    "cos": "dot",
}
_PARAMETERS = ("inputs", "mode", "concat_axis", "dot_axes")
_LAMBDA = "Lambda"
_MERGE_PATHS = {
    "keras.layers.merge",
    "keras.layers.core.merge",
    "keras.engine.merge",
    "keras.engine.topology.merge",
    "keras.layers.merge.merge",
    "keras.legacy.layers.merge",
}


def is_merge(path: str) -> bool:
    """Check whether the canonical name is that of `merge`."""
    return path in _MERGE_PATHS


def find_mode(args: Arguments) -> tuple[str, cst.Arg | None]:
    """Return the name of the new function, or an empty string, and the mode argument."""
    arg = args.keywords.get("mode") or (args.positional[1] if len(args.positional) > 1 else None)
    if arg is None:
        return ("" if args.has_unpacking else "add"), None
    return _MODE_FUNCTIONS.get(string_value(arg.value) or "", ""), arg


def plan_imports(source: Source, usage: KerasUsage) -> None:
    """Choose the functions to import instead of `merge`."""
    for binding in usage.bindings:
        if not is_merge(canonical_name(binding.path)) or not binding.uses or any(use.tail for use in binding.uses):
            continue
        calls = [_find_call(source, call_use) for call_use in binding.uses]
        replacements = [find_replacement(source, call) for call in calls if call is not None]
        names = dict.fromkeys(name for name in replacements if name)
        layer_names = {
            other_binding.name
            for other_binding in usage.bindings
            if other_binding.path.endswith((f".layers.{other_binding.name}", f".merge.{other_binding.name}"))
        }
        conflicts = names.keys() & (usage.bound_names - layer_names)
        binding.target = ""
        if names and not conflicts:
            binding.replacements = tuple(names)
            binding.is_kept = None in calls or not all(replacements)


def is_replaced(source: Source, use: Use) -> bool:
    """Check whether the use is a call that another function replaces."""
    call = _find_call(source, use)
    return call is not None and bool(find_replacement(source, call))


def is_function(source: Source, use: Use) -> bool:
    """Check whether the use refers to the function, not to the module of the same name."""
    return is_merge(use.path) and (_find_call(source, use) is not None or not use.tail)


def _find_call(source: Source, use: Use) -> cst.Call | None:
    call = source.parents.get(use.node)
    return call if isinstance(call, cst.Call) and call.func is use.node else None


def find_replacement(source: Source, call: cst.Call) -> str:
    """Return the function that replaces this call, or an empty string if the user has to decide."""
    args = Arguments(source, call)
    function, mode = find_mode(args)
    if mode is not None and _has_function_mode(source, args, mode):
        return _LAMBDA
    unsupported = set(args.keywords) - {"inputs", "mode", "concat_axis", "dot_axes", "name", "output_shape"}
    if (
        unsupported
        or args.has_unpacking
        or len(args.positional) > len(_PARAMETERS)
        or (function == "dot" and "dot_axes" not in args.keywords and len(args.positional) < len(_PARAMETERS))
    ):
        return ""
    return function


def _has_function_mode(source: Source, args: Arguments, mode: cst.Arg) -> bool:
    """Check whether the mode is a function in the file and `Lambda` takes the other arguments."""
    value, call = mode.value, args.call
    is_local = isinstance(value, cst.Name) and any(
        function.name.value == value.value for function in source.nodes(cst.FunctionDef)
    )
    has_known_args = set(args.keywords) <= {"mode", "output_shape", "arguments", "name"}
    if args.has_unpacking or not has_known_args or len(args.positional) not in {1, 2} or call.args[1] is not mode:
        return False
    return (is_local or isinstance(value, cst.Lambda)) and _has_only_names(call.args[0].value)


def _has_only_names(inputs: cst.BaseExpression) -> bool:
    """Check that the inputs are plain names, which need no rewrite when they move."""
    elements = [element.value for element in inputs.elements] if isinstance(inputs, (cst.List, cst.Tuple)) else [inputs]
    return all(isinstance(element, cst.Name) for element in elements)


def _rewrite_as_lambda(edits: EditSet, use: Use, call: cst.Call) -> None:
    """Rewrite `merge([a, b], mode=f, output_shape=s)` as `Lambda(f, output_shape=s)([a, b])`."""
    source = edits.source
    inputs, mode = call.args[0].value, call.args[1].value
    begin, end = source.spans[call]
    input_start, input_end = source.outer_span(inputs)
    edits.rewrite(
        RULE,
        begin,
        end,
        (*source.spans[use.node], _callee(use, _LAMBDA)),
        (source.start(call.args[0]), source.outer_span(mode)[0], ""),
        (end, end, f"({source.text[input_start:input_end]})"),
    )


def _callee(use: Use, function: str) -> str:
    return use.base.value + use.tail.removesuffix("merge") + function if use.tail else function


def rewrite(edits: EditSet, use: Use, call: cst.Call, names: frozenset[str]) -> None:
    """Rewrite a call whose mode is known; note any other.

    Args:
        edits: Edits of the file.
        use: Use of the function.
        call: Call of the function.
        names: Names that the file binds.
    """
    args = Arguments(edits.source, call)
    function, (_, mode) = find_replacement(edits.source, call), find_mode(args)
    from_star = use.binding.alias is None and function not in names
    is_unplanned = function not in use.binding.replacements and not (use.tail or from_star)
    if not function or is_unplanned:
        edits.add_note(RULE, edits.source.start(call))
        return
    if function == _LAMBDA:
        _rewrite_as_lambda(edits, use, call)
        return
    splices: list[Splice] = [(*edits.source.spans[use.node], _callee(use, function))]
    if mode is not None:
        splices.append(args.remove(mode))
    for index, (new_name, owner) in enumerate((("axis", "concatenate"), ("axes", "dot")), 2):
        if len(args.positional) > index:
            arg = args.positional[index]
            splices.append(args.add_keyword(arg, new_name) if function == owner else args.remove(arg))
    if "output_shape" in args.keywords:  # only a function as mode needs it
        splices.append(args.remove(args.keywords["output_shape"]))
    for old_name, new_name, owner in (("concat_axis", "axis", "concatenate"), ("dot_axes", "axes", "dot")):
        if old_name in args.keywords:
            arg = args.keywords[old_name]
            splices.append(args.rename(arg, new_name) if function == owner else args.remove(arg))
    if mode is not None and string_value(mode.value) == "cos":
        end = edits.source.outer_span(call.args[-1].value)[1]
        splices.append((end, end, ", normalize=True"))
    edits.rewrite(RULE, *edits.source.spans[call], *splices)
