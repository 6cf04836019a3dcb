"""Rewrite calls of Keras names whose arguments have a new name, form or meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.name_mapping import canonical_name, target
from envkit.migrate.python import convolutions, merge_layer, ordering_constants, positional_arguments
from envkit.migrate.python.call_arguments import Arguments, integer_value, quote_like, string_value
from envkit.migrate.rules.signatures import KERAS_1_KEYWORDS
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import KerasUsage, Use
    from envkit.migrate.python.edits import EditSet
    from envkit.migrate.python.parsed_file import Source
    from envkit.migrate.rules.rule import Rule
    from envkit.migrate.tf_api import Api, Parameters

DATA_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_RENAME_RULES = [rule for rule in RULE_TABLE.values() if rule.arguments and rule.callables]
_MODEL_RULE_ID = "arguments/model"

# Arguments that any layer accepts through its **kwargs.
_LAYER_KEYWORDS = frozenset(
    {
        "name",
        "dtype",
        "trainable",
        "dynamic",
        "input_shape",
        "batch_input_shape",
        "input_dim",
        "input_length",
        "batch_size",
        "weights",
        "activity_regularizer",
        "autocast",
        "implementation",
        "unroll",
        "time_major",
        "zero_output_for_mask",
        "return_state",
        "stateful",
        "go_backwards",
        "return_sequences",
        "input_tensor",
        "batch_shape",
        "sparse",
        "ragged",
        "sparse_input",
    }
)


# Layers with two kernels; arguments for one are accepted and ignored.
_SPLIT_KERNELS = ("SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D")
_IGNORED_KEYWORDS = frozenset({"kernel_initializer", "kernel_regularizer", "kernel_constraint"})
# Layers that need a GPU if the channels are first.
_CHANNELS_FIRST_LAYERS = tuple(f"{name}{rank}D" for name in ("Conv", "Convolution", "Pooling") for rank in (1, 2, 3))
_CHANNELS_FIRST_LAYERS += ("Conv2DTranspose", "Conv3DTranspose")
# Arguments that optimizers accept through **kwargs; any other raises TypeError.
_OPTIMIZER_KEYWORDS = frozenset({"clipnorm", "clipvalue", "global_clipnorm", "lr", "decay", "schedule_decay"})


def rewrite(edits: EditSet, usage: KerasUsage, api: Api) -> None:
    """Rewrite the arguments of every call of a Keras name."""
    is_keras_1 = uses_keras_1(edits.source)
    for use in usage.uses:
        call = edits.source.parents.get(use.node)
        if not isinstance(call, cst.Call) or call.func is not use.node or not use.path.startswith("keras."):
            continue
        if merge_layer.is_function(edits.source, use):
            merge_layer.rewrite(edits, use, call, usage.bound_names)
            continue
        destination = target(use.path, api)
        if destination.path:
            _rewrite_arguments(edits, use, Arguments(edits.source, call), destination.path, api, is_keras_1=is_keras_1)


def uses_keras_1(source: Source) -> bool:
    """Check whether a call has a keyword that only Keras 1 knows."""
    return any(arg.keyword is not None and arg.keyword.value in KERAS_1_KEYWORDS for arg in source.nodes(cst.Arg))


def _rewrite_arguments(edits: EditSet, use: Use, args: Arguments, path: str, api: Api, *, is_keras_1: bool) -> None:
    parameters = api.parameters(path)
    canonical_path = canonical_name(path)
    is_layer = canonical_path.startswith("keras.layers.")
    handled_keywords = {
        keyword
        for rule in _RENAME_RULES
        if canonical_path.startswith(rule.callables)
        for keyword in _rename_keywords(edits, args, rule, parameters)
    }
    if parameters is None:
        return
    handled_keywords |= _rewrite_dim_ordering(edits, args, parameters)
    was_reordered = positional_arguments.rewrite(edits, use, args, canonical_path, parameters, is_keras_1=is_keras_1)
    if is_layer:
        _note_channels_first(edits, args, canonical_path)
        handled_keywords |= convolutions.rewrite(edits, use, args, parameters, ignore_extra=was_reordered)
        handled_keywords |= _remove_dropped_keywords(edits, args, parameters, canonical_path)
    is_optimizer = canonical_path.rpartition(".")[0] == "keras.optimizers" and parameters.accepts_kwargs
    if is_layer or is_optimizer or not parameters.accepts_kwargs:
        _note_unknown_keywords(edits, args, parameters, handled_keywords, canonical_path, api)


def _rename_keywords(edits: EditSet, args: Arguments, rule: Rule, parameters: Parameters | None) -> set[str]:
    """Rename the keywords that have a new name in the callable; return the old names."""
    names = parameters.names if parameters is not None else ()
    old_keywords = set()
    for old_name, new_names in rule.arguments.items():
        arg = args.keywords.get(old_name)
        if arg is None or old_name in names:
            continue
        new_name = (
            new_names[0] if rule.id == _MODEL_RULE_ID else next((name for name in new_names if name in names), "")
        )
        if not new_name or new_name in args.keywords:
            continue
        edits.rewrite(rule.id, *edits.source.spans[arg], args.rename(arg, new_name))
        old_keywords.add(old_name)
    return old_keywords


def _rewrite_dim_ordering(edits: EditSet, args: Arguments, parameters: Parameters) -> set[str]:
    arg = args.keywords.get("dim_ordering")
    if arg is None or "data_format" not in parameters.names:
        return set()
    rule = "arguments/dim-ordering"
    ordering = string_value(arg.value)
    constant = ordering_constants.find(edits.source, arg.value)
    if constant is not None:
        ordering_constants.rewrite(edits, constant)
        edits.rewrite(rule, *edits.source.spans[arg], args.rename(arg, "data_format"))
    elif ordering == "default":
        edits.rewrite(rule, *edits.source.spans[arg], args.remove(arg))
    else:
        splices = [args.rename(arg, "data_format")]
        if ordering in DATA_FORMATS:
            splices.append(args.replace_value(arg, quote_like(edits.source, arg.value, DATA_FORMATS[ordering])))
        elif not (isinstance(arg.value, cst.Call) and edits.source.code(arg.value).endswith("image_dim_ordering()")):
            edits.add_note(rule, edits.source.start(arg), "This value may still be one of the old names.")
        edits.rewrite(rule, *edits.source.spans[arg], *splices)
    return {"dim_ordering"}


def _note_channels_first(edits: EditSet, args: Arguments, canonical_path: str) -> None:
    arg = args.keywords.get("data_format") or args.keywords.get("dim_ordering")
    is_affected = canonical_path.endswith(_CHANNELS_FIRST_LAYERS) and ".Global" not in canonical_path
    if arg is not None and is_affected and string_value(arg.value) in {"th", "channels_first"}:
        edits.add_note("backend/channels-first", edits.source.start(args.call))


def _remove_dropped_keywords(edits: EditSet, args: Arguments, parameters: Parameters, canonical_path: str) -> set[str]:
    handled_keywords = set()
    for name in ("consume_less",):
        if name in args.keywords and name not in parameters.names:
            arg = args.keywords[name]
            edits.rewrite("arguments/dropped", *_call_span(edits, args), args.remove(arg))
            handled_keywords.add(name)
    if canonical_path == "keras.layers.BatchNormalization" and "mode" in args.keywords:
        arg = args.keywords["mode"]
        if integer_value(arg.value) == 0:
            edits.rewrite("arguments/batch-normalization-mode", *_call_span(edits, args), args.remove(arg))
        else:
            edits.add_note("arguments/batch-normalization-mode", edits.source.start(arg))
        handled_keywords.add("mode")
    if "output_shape" in args.keywords and canonical_path.endswith("Transpose"):
        edits.add_note("layers/deconvolution", edits.source.start(args.call))
        handled_keywords.add("output_shape")
    if "forget_bias_init" in args.keywords and "unit_forget_bias" in parameters.names:
        arg = args.keywords["forget_bias_init"]
        if string_value(arg.value) == "one":
            edits.rewrite(
                "arguments/forget-bias",
                *edits.source.spans[arg],
                args.rename(arg, "unit_forget_bias"),
                args.replace_value(arg, "True"),
            )
        else:
            edits.add_note("arguments/forget-bias", edits.source.start(arg))
        handled_keywords.add("forget_bias_init")
    return handled_keywords


def _note_unknown_keywords(
    edits: EditSet, args: Arguments, parameters: Parameters, handled_keywords: set[str], canonical_path: str, api: Api
) -> None:
    """Note each keyword that the callable does not take and that no other rule handled."""
    is_optimizer = canonical_path.startswith("keras.optimizers.")
    accepted_keywords = _OPTIMIZER_KEYWORDS if is_optimizer else _LAYER_KEYWORDS
    for name, arg in args.keywords.items():
        if canonical_path.endswith(_SPLIT_KERNELS) and name in _IGNORED_KEYWORDS:
            edits.add_note("lint/ignored-argument", edits.source.start(arg), f"`{name}` has no effect on this layer.")
            continue
        if (
            name in handled_keywords
            or name in parameters.names
            or (parameters.accepts_kwargs and name in accepted_keywords)
        ):
            continue
        edits.add_note(
            "arguments/unknown",
            edits.source.start(arg),
            f"`tensorflow.{canonical_path}` takes no argument `{name}` in TensorFlow {api.release}.",
        )
    are_integers = [integer_value(arg.value) is not None for arg in args.positional[:2]]
    if canonical_path == "keras.layers.Dense" and are_integers == [True, True]:
        edits.add_note("arguments/keras-0", edits.source.start(args.call))


def _call_span(edits: EditSet, args: Arguments) -> tuple[int, int]:
    """Return the span of the call."""
    return edits.source.spans[args.call]
