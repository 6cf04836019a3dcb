"""Calls of what is imported from Keras: arguments that have another name, shape or meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate import convolutions, merges
from envkit.migrate.arguments import Arguments, number_of, quoted, text_of
from envkit.migrate.names import canonical, target
from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    from envkit.migrate.api import Api, Parameters
    from envkit.migrate.bindings import Bound, Use
    from envkit.migrate.draft import Draft
    from envkit.migrate.rules.rule import Rule

ORDERINGS = {"th": "channels_first", "tf": "channels_last"}
_RENAMES = [rule for rule in TABLE.values() if rule.arguments and rule.of]
_FORCED = "arguments/model"

# What any layer takes through its **kwargs.
_ANY_LAYER = frozenset({
    "name", "dtype", "trainable", "dynamic", "input_shape", "batch_input_shape", "input_dim", "input_length",
    "batch_size", "weights", "activity_regularizer", "autocast",
    "implementation", "unroll", "time_major", "zero_output_for_mask",
    "return_state", "stateful", "go_backwards", "return_sequences", "input_tensor", "batch_shape",
    "sparse", "ragged", "sparse_input",
})


def rewrite(draft: Draft, bound: Bound, api: Api) -> None:
    """Rewrite the arguments of every call of a name of Keras."""
    for use in bound.uses:
        call = draft.source.parents.get(use.node)
        if not isinstance(call, cst.Call) or call.func is not use.node or not use.path.startswith("keras."):
            continue
        if merges.is_function(draft.source, use):
            merges.rewrite(draft, use, call, bound.bound)
            continue
        found = target(use.path, api)
        if found.path:
            _call(draft, use, Arguments(draft.source, call), found.path, api)


def _call(draft: Draft, use: Use, args: Arguments, path: str, api: Api) -> None:
    takes = api.parameters(path)
    was = canonical(path)
    layer = was.startswith("keras.layers.")
    renamed = {keyword for rule in _RENAMES if was.startswith(rule.of)
               for keyword in _renamed(draft, args, rule, takes)}
    if takes is None:
        return
    renamed |= _ordering(draft, args, takes)
    if layer:
        renamed |= convolutions.rewrite(draft, use, args, takes)
        renamed |= _dropped(draft, args, takes, was)
    if layer or not takes.open:
        _unknown(draft, args, takes, renamed, was, api)


def _renamed(draft: Draft, args: Arguments, rule: Rule, takes: Parameters | None) -> set[str]:
    """Rename what the callable has another name for; return the old names."""
    names = takes.names if takes is not None else ()
    done = set()
    for old, news in rule.arguments.items():
        arg = args.keywords.get(old)
        if arg is None or old in names:
            continue
        new = news[0] if rule.id == _FORCED else next((one for one in news if one in names), "")
        if not new or new in args.keywords:
            continue
        draft.rewrite(rule.id, *draft.source.spans[arg], args.rename(arg, new))
        done.add(old)
    return done


def _ordering(draft: Draft, args: Arguments, takes: Parameters) -> set[str]:
    arg = args.keywords.get("dim_ordering")
    if arg is None or "data_format" not in takes.names:
        return set()
    rule = "arguments/dim-ordering"
    said = text_of(arg.value)
    if said == "default":
        draft.rewrite(rule, *draft.source.spans[arg], args.drop(arg))
    else:
        splices = [args.rename(arg, "data_format")]
        if said in ORDERINGS:
            splices.append(args.value(arg, quoted(draft.source, arg.value, ORDERINGS[said])))
        elif not (isinstance(arg.value, cst.Call) and draft.source.code(arg.value).endswith("image_dim_ordering()")):
            draft.tell(rule, draft.source.start(arg), "Where this value comes from, it may have the old names.")
        draft.rewrite(rule, *draft.source.spans[arg], *splices)
    return {"dim_ordering"}


def _dropped(draft: Draft, args: Arguments, takes: Parameters, was: str) -> set[str]:
    done = set()
    for name in ("consume_less",):
        if name in args.keywords and name not in takes.names:
            arg = args.keywords[name]
            draft.rewrite("arguments/dropped", *_list(draft, args), args.drop(arg))
            done.add(name)
    if was == "keras.layers.BatchNormalization" and "mode" in args.keywords:
        arg = args.keywords["mode"]
        if number_of(arg.value) == 0:
            draft.rewrite("arguments/batch-normalization-mode", *_list(draft, args), args.drop(arg))
        else:
            draft.tell("arguments/batch-normalization-mode", draft.source.start(arg))
        done.add("mode")
    if "output_shape" in args.keywords and was.endswith("Transpose"):
        draft.tell("layers/deconvolution", draft.source.start(args.call))
        done.add("output_shape")
    if "forget_bias_init" in args.keywords and "unit_forget_bias" in takes.names:
        arg = args.keywords["forget_bias_init"]
        if text_of(arg.value) == "one":
            draft.rewrite("arguments/forget-bias", *draft.source.spans[arg],
                          args.rename(arg, "unit_forget_bias"), args.value(arg, "True"))
        else:
            draft.tell("arguments/forget-bias", draft.source.start(arg))
        done.add("forget_bias_init")
    return done


def _unknown(draft: Draft, args: Arguments, takes: Parameters, known: set[str], was: str, api: Api) -> None:
    """Tell of each keyword that the callable does not take, as nothing else would."""
    for name, arg in args.keywords.items():
        if name in known or name in takes.names or (takes.open and name in _ANY_LAYER):
            continue
        draft.tell("arguments/unknown", draft.source.start(arg),
                   f"`tensorflow.{was}` takes no argument `{name}` in TensorFlow {api.release}.")
    numbers = [number_of(arg.value) is not None for arg in args.positional[:2]]
    if was == "keras.layers.Dense" and numbers == [True, True]:
        draft.tell("arguments/keras-0", draft.source.start(args.call))


def _list(draft: Draft, args: Arguments) -> tuple[int, int]:
    """From where to where the call stands."""
    return draft.source.spans[args.call]
