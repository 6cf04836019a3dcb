"""Note code that works but has a better practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from envkit.migrate.python.file_queries import FileQueries

_POLICY_PATHS = (
    "keras.mixed_precision.set_global_policy",
    "keras.mixed_precision.experimental.set_policy",
    "keras.mixed_precision.Policy",
    "keras.mixed_precision.experimental.Policy",
)
_SAVED_MODEL_READERS = (".saved_model.load", ".lite.TFLiteConverter.from_saved_model")
_OUTPUT_ACTIVATIONS = {"softmax", "sigmoid"}


def add_notes(queries: FileQueries) -> None:
    """Note every such place in the file."""
    _note_mixed_precision(queries)
    _note_file_formats(queries)
    _note_arguments(queries)
    _note_predict_loops(queries)


def _note_mixed_precision(queries: FileQueries) -> None:
    policies = [
        queries.string_argument(args, 0, "name")
        for path in _POLICY_PATHS
        for _, args in queries.keras_calls.get(path, [])
    ]
    if "mixed_float16" not in policies:
        return
    for path, calls in queries.keras_calls.items():
        if path.startswith("keras.layers.") and path.endswith((".Dense", ".Activation", ".Softmax")):
            for use, args in calls:
                activation = queries.string_argument(args, 0 if path.endswith(".Activation") else 1, "activation")
                if (activation in _OUTPUT_ACTIVATIONS or path.endswith(".Softmax")) and "dtype" not in args.keywords:
                    queries.add_note("lint/mixed-float16", use.node)


def _note_file_formats(queries: FileQueries) -> None:
    for use in queries.usage.uses:
        if use.path.endswith(".TFLiteConverter.from_keras_model_file") and ".v1." not in use.path:
            queries.add_note("lint/tflite-hdf5", use.node)
    if any(path.endswith(_SAVED_MODEL_READERS) for path in queries.keras_calls):
        for call in queries.method_calls["save"]:
            path = queries.string_argument(queries.arguments(call), 0, "filepath")
            if path is not None and path.endswith((".h5", ".hdf5")) and queries.is_model_method(call):
                queries.add_note("lint/hdf5", call)


def _note_arguments(queries: FileQueries) -> None:
    for path, calls in queries.keras_calls.items():
        for _, args in calls:
            if path.startswith("keras.optimizers.experimental.") and "decay" in args.keywords:
                queries.add_note("lint/experimental-optimizer", args.keywords["decay"])
            if path == "keras.callbacks.ModelCheckpoint" and "period" in args.keywords:
                queries.add_note("lint/checkpoint-period", args.keywords["period"])


def _note_predict_loops(queries: FileQueries) -> None:
    source = queries.edits.source
    for name in ("predict", "evaluate"):
        for call in queries.method_calls[name]:
            args = queries.arguments(call)
            if args.has_unpacking or "verbose" in args.keywords or not queries.is_model_method(call):
                continue
            for ancestor in source.ancestors(call):
                if isinstance(ancestor, (cst.FunctionDef, cst.ClassDef)):
                    break
                if isinstance(ancestor, (cst.For, cst.While)):
                    queries.add_note("lint/predict-verbose", call)
                    break
