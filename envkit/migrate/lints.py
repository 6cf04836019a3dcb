"""What works, and has a better practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from envkit.migrate.look import Look

_POLICIES = (
    "keras.mixed_precision.set_global_policy", "keras.mixed_precision.experimental.set_policy",
    "keras.mixed_precision.Policy", "keras.mixed_precision.experimental.Policy",
)
_READS_SAVED = (".saved_model.load", ".lite.TFLiteConverter.from_saved_model")
_OUTPUTS = {"softmax", "sigmoid"}


def tell(look: Look) -> None:
    """Tell of all such places."""
    _mixed(look)
    _formats(look)
    _arguments(look)
    _loops(look)


def _mixed(look: Look) -> None:
    set_to = [look.text(args, 0, "name") for path in _POLICIES for _, args in look.called.get(path, [])]
    if "mixed_float16" not in set_to:
        return
    for path, calls in look.called.items():
        if path.startswith("keras.layers.") and path.endswith((".Dense", ".Activation", ".Softmax")):
            for use, args in calls:
                said = look.text(args, 0 if path.endswith(".Activation") else 1, "activation")
                if (said in _OUTPUTS or path.endswith(".Softmax")) and "dtype" not in args.keywords:
                    look.tell("lint/mixed-float16", use.node)


def _formats(look: Look) -> None:
    for use in look.bound.uses:
        if use.path.endswith(".TFLiteConverter.from_keras_model_file") and ".v1." not in use.path:
            look.tell("lint/tflite-hdf5", use.node)
    if any(path.endswith(_READS_SAVED) for path in look.called):
        for call in look.calls["save"]:
            path = look.text(look.arguments(call), 0, "filepath")
            if path is not None and path.endswith((".h5", ".hdf5")) and look.is_model(call):
                look.tell("lint/hdf5", call)


def _arguments(look: Look) -> None:
    for path, calls in look.called.items():
        for _, args in calls:
            if path.startswith("keras.optimizers.experimental.") and "decay" in args.keywords:
                look.tell("lint/experimental-optimizer", args.keywords["decay"])
            if path == "keras.callbacks.ModelCheckpoint" and "period" in args.keywords:
                look.tell("lint/checkpoint-period", args.keywords["period"])


def _loops(look: Look) -> None:
    source = look.draft.source
    for name in ("predict", "evaluate"):
        for call in look.calls[name]:
            args = look.arguments(call)
            if args.open or "verbose" in args.keywords or not look.is_model(call):
                continue
            for one in source.above(call):
                if isinstance(one, (cst.FunctionDef, cst.ClassDef)):
                    break
                if isinstance(one, (cst.For, cst.While)):
                    look.tell("lint/predict-verbose", call)
                    break
