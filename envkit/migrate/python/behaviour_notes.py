"""Note code that runs but behaves differently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import integer_value, quote_like, string_value
from envkit.migrate.python.calls import uses_keras_1
from envkit.migrate.python.string_suffix import known_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.python.call_arguments import Arguments
    from envkit.migrate.python.file_queries import FileQueries

_KERAS2_LEARNING_RATES = {"adadelta": "1.0", "adagrad": "0.01", "adamax": "0.002", "nadam": "0.002"}
_MODEL_EXTENSIONS = (".h5", ".hdf5", ".keras")
_OTHER_EXTENSIONS = re.compile(
    r"\.(?:mlmodel|onnx|png|jpe?g|gif|bmp|tiff?|npy|npz|csv|json|txt|pdf|svg|wav|mp[34]|pth?|pb|tflite|ckpt|tf)$",
)
_HISTORY_KEYS = {"acc": "accuracy", "val_acc": "val_accuracy"}
_ACC_PLACEHOLDER = re.compile(r"\{(val_)?acc(?=[:}!])")
_LOGS_NAME = re.compile(r"hist|logs?$|result", re.IGNORECASE)
_HISTORY_RULE = "behaviour/history-keys"
_CROSSENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_FOURTH_AXIS = 3  # 0-based


def add_notes(queries: FileQueries) -> None:
    """Note changed behavior; in code written for TensorFlow, only what is certainly a mistake."""
    _note_layers_pop(queries)
    if not queries.is_standalone:
        _note_missing_keys(queries)
        return
    _note_learning_rates(queries)
    _rewrite_history_keys(queries)
    _note_file_formats(queries)
    _note_recurrent_weights(queries)
    _note_batch_dot(queries)
    if uses_keras_1(queries.edits.source):
        _note_keras_1_orders(queries)


def _note_keras_1_orders(queries: FileQueries) -> None:
    """Note arguments that Keras 1 took in another order or unit than Keras 2."""
    for name in _CROSSENTROPIES:
        for use, args in queries.keras_calls.get(f"keras.backend.{name}", []):
            if len(args.positional) > 1:
                queries.add_note("behaviour/crossentropy-order", use.node)
    for name in ("fit_generator", "evaluate_generator", "predict_generator"):
        for call in queries.method_calls[name]:
            args = queries.arguments(call)
            if len(args.positional) > 1:
                queries.add_note("arguments/samples", args.positional[1])


def _note_layers_pop(queries: FileQueries) -> None:
    for call in queries.method_calls["pop"]:
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - calls of attributes
        layers = call.func.value
        if not isinstance(layers, cst.Attribute) or layers.attr.value != "layers":
            continue
        if queries.is_standalone or (queries.uses_keras and queries.looks_like_model(layers.value)):
            queries.add_note("behaviour/layers-pop", call)


def _note_learning_rates(queries: FileQueries) -> None:
    rule = "behaviour/learning-rate"
    for path, calls in queries.keras_calls.items():
        name = path.rpartition(".")[2].lower()
        if not path.startswith("keras.optimizers.") or name not in _KERAS2_LEARNING_RATES or ".legacy." in path:
            continue
        for use, args in calls:
            if not args.has_unpacking and not args.positional and not {"lr", "learning_rate"} & args.keywords.keys():
                queries.add_note(
                    rule, use.node, hint=f"set learning_rate={_KERAS2_LEARNING_RATES[name]}, the default of Keras 2"
                )
    for call in queries.method_calls["compile"]:
        args = queries.arguments(call)
        optimizer = (queries.string_argument(args, 0, "optimizer") or "").lower()
        if optimizer in _KERAS2_LEARNING_RATES:
            name = next(
                class_name
                for class_name in ("Adadelta", "Adagrad", "Adamax", "Nadam")
                if class_name.lower() == optimizer
            )
            queries.add_note(
                rule,
                call,
                hint=f"set optimizer={name}(learning_rate={_KERAS2_LEARNING_RATES[optimizer]}), the default of Keras 2",
            )


def _rewrite_history_keys(queries: FileQueries) -> None:
    """Rewrite `acc` to the metric name passed to `compile`, if every such call is in the file."""
    metric_lists = [_get_metric_names(queries, call) for call in queries.method_calls["compile"]]
    if metric_lists and all(names is not None and "acc" in names for names in metric_lists):
        return
    is_certain = bool(metric_lists) and all(
        names is not None and "accuracy" in names and "acc" not in names for names in metric_lists
    )
    for literal in _iter_history_keys(queries):
        value = string_value(literal) or ""
        new_value = _HISTORY_KEYS.get(value) or _ACC_PLACEHOLDER.sub(lambda match: f"{{{match[1] or ''}accuracy", value)
        if (
            is_certain
            and isinstance(literal, cst.SimpleString)
            and queries.edits.source.code(literal).count(value) == 1
        ):
            code = queries.edits.source.code(literal)
            span = queries.edits.source.spans[literal]
            new_code = (
                quote_like(queries.edits.source, literal, new_value)
                if value in _HISTORY_KEYS
                else code.replace(value, new_value)
            )
            queries.edits.rewrite(_HISTORY_RULE, *span, (*span, new_code))
        else:
            queries.add_note(_HISTORY_RULE, literal)


def _note_missing_keys(queries: FileQueries) -> None:
    """Note `acc` if no `compile` call in the file provides it: reading it raises KeyError."""
    metric_lists = [_get_metrics(queries, call) for call in queries.method_calls["compile"]]
    use_nodes = {use.node for use in queries.usage.uses}
    names = [
        string_value(metric) if metric not in use_nodes else "" for metrics in metric_lists for metric in metrics or []
    ]
    if None not in metric_lists and None not in names and "accuracy" in names and "acc" not in names:
        for literal in _iter_history_keys(queries):
            queries.add_note(_HISTORY_RULE, literal)


def _get_metric_names(queries: FileQueries, call: cst.Call) -> list[str] | None:
    """Return the metric names in the call, or None if they are not literals there."""
    metrics = _get_metrics(queries, call)
    return None if metrics is None else [string_value(metric) or "" for metric in metrics]


def _get_metrics(queries: FileQueries, call: cst.Call) -> list[cst.BaseExpression] | None:
    args = queries.arguments(call)
    arg = args.keywords.get("metrics") or (args.positional[2] if len(args.positional) > 2 else None)
    if arg is None:
        return None if args.has_unpacking else []
    if not isinstance(arg.value, (cst.List, cst.Tuple)):
        return None if string_value(arg.value) is None else [arg.value]
    return [element.value for element in arg.value.elements]


def _iter_history_keys(queries: FileQueries) -> Iterator[cst.BaseExpression]:
    """Yield the string literals that are keys of a history or of logs, or file names that contain such keys."""
    source = queries.edits.source
    has_checkpoint = any(source.code(call.func).endswith("Checkpoint") for call in source.nodes(cst.Call))
    for literal in source.nodes(cst.SimpleString):
        value = string_value(literal)
        if value is None:
            continue
        parent = source.parents[literal]
        if has_checkpoint and _ACC_PLACEHOLDER.search(value):
            yield literal
        elif value in _HISTORY_KEYS and isinstance(parent, cst.Index):
            subscript = source.parents[source.parents[parent]]
            if isinstance(subscript, cst.Subscript) and _LOGS_NAME.search(
                source.code(subscript.value).rpartition(".")[2]
            ):
                yield literal
        elif isinstance(parent, cst.Arg):
            call = source.parents[parent]
            is_monitor = parent.keyword is not None and parent.keyword.value == "monitor"
            if value in _HISTORY_KEYS and (is_monitor or _is_logs_get(queries, call)):
                yield literal


def _is_logs_get(queries: FileQueries, call: cst.CSTNode) -> bool:
    """Check whether this is a call of `logs.get(…)`."""
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call.func.attr.value != "get":
        return False
    return _LOGS_NAME.search(queries.edits.source.code(call.func.value)) is not None


def _note_file_formats(queries: FileQueries) -> None:
    for call in queries.method_calls["save"]:
        args = queries.arguments(call)
        suffix = _find_folder_suffix(queries, args)
        if suffix and not _OTHER_EXTENSIONS.search(suffix) and queries.is_model_method(call):
            queries.add_note("behaviour/save-folder", call)
    for name in ("save_weights", "load_weights"):
        for call in queries.method_calls[name]:
            if _find_folder_suffix(queries, queries.arguments(call)):
                queries.add_note("behaviour/weights-checkpoint", call)


def _find_folder_suffix(queries: FileQueries, args: Arguments) -> str:
    """Return the known suffix of the path, or an empty string if it may be that of a single file."""
    arg = args.keywords.get("filepath") or (args.positional[0] if args.positional else None)
    suffix = known_suffix(arg.value) if arg is not None else ""
    is_literal = queries.string_argument(args, 0, "filepath") is not None
    if suffix.endswith(_MODEL_EXTENSIONS) or "save_format" in args.keywords:
        return ""
    return suffix if is_literal or not any(extension.endswith(suffix) for extension in _MODEL_EXTENSIONS) else ""


def _note_batch_dot(queries: FileQueries) -> None:
    """Note axes from 3 on: only tensors with four or more dimensions have them."""
    for use, args in queries.keras_calls.get("keras.backend.batch_dot", []):
        arg = args.keywords.get("axes") or (args.positional[2] if len(args.positional) > 2 else None)
        axes = [arg.value] if arg is not None else []
        if arg is not None and isinstance(arg.value, (cst.List, cst.Tuple)):
            axes = [element.value for element in arg.value.elements]
        if any((integer_value(axis) or 0) >= _FOURTH_AXIS for axis in axes):
            queries.add_note("behaviour/batch-dot", use.node)


def _note_recurrent_weights(queries: FileQueries) -> None:
    loads_weights = queries.method_calls["load_weights"] or any(
        path.endswith(".load_model") for path in queries.keras_calls
    )
    for path, calls in queries.keras_calls.items():
        if not loads_weights or not path.startswith("keras.layers.") or path.rpartition(".")[2] not in {"LSTM", "GRU"}:
            continue
        for use, args in calls:
            if not args.has_unpacking and not {"recurrent_activation", "inner_activation"} & args.keywords.keys():
                queries.add_note("behaviour/recurrent-weights", use.node)
