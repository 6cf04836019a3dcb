"""What runs, and does something else than it did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import number_of, quoted, text_of
from envkit.migrate.endings import ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.arguments import Arguments
    from envkit.migrate.look import Look

_RATES = {"adadelta": "1.0", "adagrad": "0.01", "adamax": "0.002", "nadam": "0.002"}
_FILES = (".h5", ".hdf5", ".keras")
_OTHER_FILES = re.compile(
    r"\.(?:png|jpe?g|gif|bmp|tiff?|npy|npz|csv|json|txt|pdf|svg|wav|mp[34]|pth?|pb|tflite|ckpt|tf)$",
)
_KEYS = {"acc": "accuracy", "val_acc": "val_accuracy"}
_IN_NAME = re.compile(r"\{(val_)?acc(?=[:}!])")
_LOGS = re.compile(r"hist|logs?$|result", re.IGNORECASE)
_HISTORY = "behaviour/history-keys"
_FOURTH = 3  # the number of the fourth axis


def tell(look: Look) -> None:
    """Tell of all such places: in code of TensorFlow, which has always been so, of what can never be meant alone."""
    _popped(look)
    if not look.standalone:
        _missing_keys(look)
        return
    _learning_rates(look)
    _history(look)
    _files(look)
    _recurrent(look)
    _batch_dot(look)


def _popped(look: Look) -> None:
    for call in look.calls["pop"]:
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - calls of attributes
        layers = call.func.value
        if not isinstance(layers, cst.Attribute) or layers.attr.value != "layers":
            continue
        if look.standalone or (look.uses_keras and look.names_model(layers.value)):
            look.tell("behaviour/layers-pop", call)


def _learning_rates(look: Look) -> None:
    rule = "behaviour/learning-rate"
    for path, calls in look.called.items():
        name = path.rpartition(".")[2].lower()
        if not path.startswith("keras.optimizers.") or name not in _RATES or ".legacy." in path:
            continue
        for use, args in calls:
            if not args.open and not args.positional and not {"lr", "learning_rate"} & args.keywords.keys():
                look.tell(rule, use.node, mend=f"learning_rate={_RATES[name]} is what Keras 2 had")
    for call in look.calls["compile"]:
        args = look.arguments(call)
        said = (look.text(args, 0, "optimizer") or "").lower()
        if said in _RATES:
            name = next(one for one in ("Adadelta", "Adagrad", "Adamax", "Nadam") if one.lower() == said)
            look.tell(rule, call, mend=f"optimizer={name}(learning_rate={_RATES[said]}) is what Keras 2 had")


def _history(look: Look) -> None:
    """`acc` became what `compile` was asked for: rewritten where all of that is written in the file."""
    asked = [_metrics(look, call) for call in look.calls["compile"]]
    if asked and all(names is not None and "acc" in names for names in asked):
        return
    sure = bool(asked) and all(names is not None and "accuracy" in names and "acc" not in names for names in asked)
    for literal in _keys(look):
        said = text_of(literal) or ""
        new = _KEYS.get(said) or _IN_NAME.sub(lambda match: f"{{{match[1] or ''}accuracy", said)
        if sure and isinstance(literal, cst.SimpleString) and look.draft.source.code(literal).count(said) == 1:
            code = look.draft.source.code(literal)
            span = look.draft.source.spans[literal]
            text = quoted(look.draft.source, literal, new) if said in _KEYS else code.replace(said, new)
            look.draft.rewrite(_HISTORY, *span, (*span, text))
        else:
            look.tell(_HISTORY, literal)


def _missing_keys(look: Look) -> None:
    """Tell of `acc` where every `compile` of the file is written, and none brings it: that can only be a KeyError."""
    asked = [_asked(look, call) for call in look.calls["compile"]]
    known = {use.node for use in look.bound.uses}
    names = [text_of(one) if one not in known else "" for metrics in asked for one in metrics or []]
    if None not in asked and None not in names and "accuracy" in names and "acc" not in names:
        for literal in _keys(look):
            look.tell(_HISTORY, literal)


def _metrics(look: Look, call: cst.Call) -> list[str] | None:
    """Return the metrics that are asked for; None where they are not written there."""
    asked = _asked(look, call)
    return None if asked is None else [text_of(one) or "" for one in asked]


def _asked(look: Look, call: cst.Call) -> list[cst.BaseExpression] | None:
    args = look.arguments(call)
    arg = args.keywords.get("metrics") or (args.positional[2] if len(args.positional) > 2 else None)
    if arg is None:
        return None if args.open else []
    if not isinstance(arg.value, (cst.List, cst.Tuple)):
        return None if text_of(arg.value) is None else [arg.value]
    return [element.value for element in arg.value.elements]


def _keys(look: Look) -> Iterator[cst.BaseExpression]:
    """Yield the strings that are keys of a history or of logs, or names with such keys in them."""
    source = look.draft.source
    for text in source.all(cst.SimpleString):
        said = text_of(text)
        if said is None:
            continue
        arg = source.parents[text]
        if said in _KEYS and isinstance(arg, cst.Index):
            subscript = source.parents[source.parents[arg]]
            if isinstance(subscript, cst.Subscript) and _LOGS.search(source.code(subscript.value).rpartition(".")[2]):
                yield text
        elif isinstance(arg, cst.Arg):
            call = source.parents[arg]
            monitored = arg.keyword is not None and arg.keyword.value == "monitor"
            saved = isinstance(call, cst.Call) and source.code(call.func).endswith("Checkpoint")
            if (said in _KEYS and (monitored or _gets(look, call))) or (saved and _IN_NAME.search(said)):
                yield text


def _gets(look: Look, call: cst.CSTNode) -> bool:
    """Whether this is `logs.get(…)`."""
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call.func.attr.value != "get":
        return False
    return _LOGS.search(look.draft.source.code(call.func.value)) is not None


def _files(look: Look) -> None:
    for call in look.calls["save"]:
        args = look.arguments(call)
        path = _no_file(look, args)
        if path and not _OTHER_FILES.search(path) and look.is_model(call):
            look.tell("behaviour/save-folder", call)
    for name in ("save_weights", "load_weights"):
        for call in look.calls[name]:
            if _no_file(look, look.arguments(call)):
                look.tell("behaviour/weights-checkpoint", call)


def _no_file(look: Look, args: Arguments) -> str:
    """Return how the path ends, if that is no ending of a single file as far as it is written there."""
    arg = args.keywords.get("filepath") or (args.positional[0] if args.positional else None)
    path = ending(arg.value) if arg is not None else ""
    whole = look.text(args, 0, "filepath") is not None
    if path.endswith(_FILES) or "save_format" in args.keywords:
        return ""
    return path if whole or not any(one.endswith(path) for one in _FILES) else ""


def _batch_dot(look: Look) -> None:
    """An axis from 3 on is one of a tensor of four dimensions or more; fewer are told of nothing."""
    for use, args in look.called.get("keras.backend.batch_dot", []):
        arg = args.keywords.get("axes") or (args.positional[2] if len(args.positional) > 2 else None)
        axes = [arg.value] if arg is not None else []
        if arg is not None and isinstance(arg.value, (cst.List, cst.Tuple)):
            axes = [element.value for element in arg.value.elements]
        if any((number_of(axis) or 0) >= _FOURTH for axis in axes):
            look.tell("behaviour/batch-dot", use.node)


def _recurrent(look: Look) -> None:
    loads = look.calls["load_weights"] or any(path.endswith(".load_model") for path in look.called)
    for path, calls in look.called.items():
        if not loads or not path.startswith("keras.layers.") or path.rpartition(".")[2] not in {"LSTM", "GRU"}:
            continue
        for use, args in calls:
            if not args.open and not {"recurrent_activation", "inner_activation"} & args.keywords.keys():
                look.tell("behaviour/recurrent-weights", use.node)
