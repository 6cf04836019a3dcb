"""Name arguments that were passed by position and whose position has another meaning now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import Arguments, integer_value, string_value
from envkit.migrate.rules.signatures import INITIALIZERS, LAYERS, OPTIMIZERS
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import Use
    from envkit.migrate.python.edits import EditSet, Splice
    from envkit.migrate.tf_api import Parameters

_RULE = "arguments/positional"
_LAYER_KEYWORDS = RULE_TABLE["arguments/layers"].arguments
_CONVOLUTION_RANKS = {"Conv1D": 1, "Conv2D": 2, "Conv3D": 3}


def rewrite(
    edits: EditSet, use: Use, args: Arguments, canonical_path: str, parameters: Parameters, *, is_keras_1: bool
) -> bool:
    """Rewrite a call in the order of an old signature; return whether the call was in that order or noted."""
    if not use.binding.is_standalone or args.has_unpacking or len(args.positional) < 2:
        return False
    module, _, name = canonical_path.replace("Convolution", "Conv").rpartition(".")
    if module == "keras.optimizers" and name in OPTIMIZERS:
        return _rewrite_order(edits, args, OPTIMIZERS[name], parameters)
    if module != "keras.layers" or name not in LAYERS:
        return False
    positional = _join_kernel(args, name)
    is_old = _is_keras_1_order(positional, name)
    if is_old:
        return _rewrite_order(edits, args, LAYERS[name], parameters, len(args.positional) - len(positional))
    if is_old is None and is_keras_1:
        edits.add_note(_RULE, edits.source.start(args.call))
    return False


def _join_kernel(args: Arguments, name: str) -> list[cst.Arg]:
    """Count the sides of the kernel as one argument, as the old signature lists it."""
    rank = _CONVOLUTION_RANKS.get(name, 1)
    sides = args.positional[1 : rank + 1]
    is_joined = rank == 1 or len(sides) < rank or isinstance(sides[0].value, (cst.Tuple, cst.List))
    return args.positional if is_joined else [*args.positional[:2], *args.positional[rank + 1 :]]


def _is_keras_1_order(positional: list[cst.Arg], name: str) -> bool | None:
    """Check whether the arguments are in the order of Keras 1; None if that is unknown."""
    values = [arg.value for arg in positional]
    if name == "BatchNormalization":
        return isinstance(values[0], cst.Float)
    if name == "Embedding":
        return len(values) > 3 and integer_value(values[3]) is not None
    index = LAYERS[name].index("init")
    if len(values) <= index:
        return False
    value = values[index]
    if (text := string_value(value)) is not None:
        return text in INITIALIZERS
    is_constant = isinstance(value, (cst.Integer, cst.Tuple)) or (
        isinstance(value, cst.Name) and value.value in {"None", "True", "False"}
    )
    return False if name in _CONVOLUTION_RANKS or is_constant else None


def _rewrite_order(
    edits: EditSet, args: Arguments, order: tuple[str, ...], parameters: Parameters, joined_count: int = 0
) -> bool:
    """Name every argument from the first whose position changed."""
    splices: list[Splice] = []
    for index, old_name in enumerate(order[: len(args.positional) - joined_count]):
        arg = args.positional[index + (joined_count if index > 1 else 0)]
        name = next((new for new in _LAYER_KEYWORDS.get(old_name, ()) if new in parameters.names), old_name)
        is_same = not splices and parameters.names[index : index + 1] == (name,)
        if is_same:
            continue
        if old_name == "mode" and integer_value(arg.value) == 0:
            splices.append(args.remove(arg))
            continue
        if old_name in {"mode", "forget_bias_init", "dim_ordering"} or name in args.keywords or index >= len(order):
            edits.add_note(_RULE, edits.source.start(args.call))
            return True
        splices.append(args.add_keyword(arg, name))
    if splices:
        edits.rewrite(_RULE, *edits.source.spans[args.call], *splices)
    return bool(splices)
