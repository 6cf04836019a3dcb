"""What imports well and fails when it runs: the ways of graph mode, and methods that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import text_of
from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    from envkit.migrate.look import Look

_SETTABLE = {"trainable_weights", "non_trainable_weights", "updates", "losses", "weights", "constraints"}
_PRIVATE = {
    "_uses_learning_phase", "_make_train_function", "_make_test_function", "_make_predict_function",
    "_collected_trainable_weights", "metrics_tensors", "_feed_inputs", "_feed_targets", "_feed_sample_weights",
    "_standardize_user_data", "_check_num_samples", "_function_kwargs", "_output_loss_metrics", "stateful_metric_names",
}
_OF_MODELS = {"total_loss", "targets", "sample_weights"}
_METRICS = {
    "precision", "recall", "fmeasure", "fbeta_score", "matthews_correlation", "cosine_proximity",
    "mean_absolute_percentage_deviation", "jaccard_distance",
}
_OF_CALLBACKS = {"self.validation_data", "self.params['metrics']", 'self.params["metrics"]'}
_SESSIONS = {f"tensorflow.compat.v1.keras.backend.{name}_session" for name in ("get", "set")}
_TO_GRAPH_MODE = ("compat.v1.disable_eager_execution", "compat.v1.disable_v2_behavior")
_INITIALIZERS = {
    target.removeprefix("tensorflow.") for name, target in TABLE["names/initializations"].moves.items()
    if name.startswith("keras.initializations.")
}
_MODEL_FILES = {"keras.models.model_from_yaml"}


def tell(look: Look) -> None:
    """Tell of all such places."""
    _graph(look)
    _sessions(look)
    _initializers(look)
    _methods(look)
    _compiled(look)
    _own_classes(look)
    for node in look.draft.source.all(cst.Attribute):
        of_model = node.attr.value in _OF_MODELS and "model" in look.draft.source.code(node.value).lower()
        if node.attr.value in _PRIVATE or of_model:
            gone = f"`{node.attr.value}` is a part of the old training loop of Keras, which is gone."
            look.tell("graph/private-methods", node, gone)


def _graph(look: Look) -> None:
    for use in look.bound.uses:
        if use.path == "keras.backend.gradients":
            look.tell("graph/gradients", use.node)
    for _, args in look.called.get("keras.backend.function", []):
        first = args.keywords.get("inputs") or (args.positional[0] if args.positional else None)
        phase = first is not None and "learning_phase" in look.draft.source.code(first.value)
        if phase or "updates" in args.keywords or len(args.positional) > 2:
            look.tell("graph/function-learning-phase", args.call)


def _sessions(look: Look) -> None:
    """Tell of sessions by the name that the rewrite gives them, unless the file is for graph mode."""
    of_graph_mode = any(use.path.endswith(_TO_GRAPH_MODE) for use in look.bound.uses)
    if of_graph_mode or any(one.path == "tensorflow.compat.v1" for one in look.bound.bindings):
        return
    for binding in look.bound.bindings:
        if binding.alias is not None and binding.path in _SESSIONS:
            look.tell("backend/session", binding.alias)
    for use in look.bound.uses:
        if use.tail and use.path in _SESSIONS:
            look.tell("backend/session", use.node)


def _initializers(look: Look) -> None:
    """Tell of classes that are called as functions, with a shape."""
    for path in _INITIALIZERS & look.called.keys():
        for use, args in look.called[path]:
            first = args.positional[0].value if args.positional else None
            shape = isinstance(first, cst.Name) and first.value.lower().endswith("shape")
            if shape or isinstance(first, (cst.Tuple, cst.List)):
                look.tell("names/initializations", use.node)


def _methods(look: Look) -> None:
    for call in look.calls["predict_classes"]:
        look.tell("training/predict-classes", call)
    for call in look.calls["predict_proba"]:
        if "sklearn" not in look.draft.source.text and look.is_model(call):
            look.tell("training/predict-proba", call)
    for call in look.calls["to_yaml"]:
        look.tell("training/yaml", call)
    for path in _MODEL_FILES:
        for use, _ in look.called.get(path, []):
            look.tell("training/yaml", use.node)
    for name in ("fit", "fit_generator", "train_on_batch"):
        for call in look.calls[name]:
            arg = look.arguments(call).keywords.get("class_weight")
            if arg is not None and text_of(arg.value) == "auto":
                look.tell("training/class-weight-auto", arg)


def _compiled(look: Look) -> None:
    for call in look.calls["compile"]:
        args = look.arguments(call)
        if "target_tensors" in args.keywords:
            look.tell("graph/target-tensors", args.keywords["target_tensors"])
        for place, name, one in ((1, "loss", "loss"), (2, "metrics", "metric")):
            arg = args.keywords.get(name) or (args.positional[place] if len(args.positional) > place else None)
            values = [] if arg is None else [arg.value]
            if arg is not None and isinstance(arg.value, (cst.List, cst.Tuple)):
                values = [element.value for element in arg.value.elements]
            for value in values:
                said = text_of(value)
                if said in _METRICS and not (name == "metrics" and said == "cosine_proximity"):
                    look.tell("training/metric-names", value, f"There is no {one} of the name `{said}`.")


def _own_classes(look: Look) -> None:
    uses: dict[cst.CSTNode, str] = {use.node: use.path for use in look.bound.uses}
    for node in look.draft.source.all(cst.ClassDef):
        bases = [uses.get(base.value, "") for base in node.bases]
        methods = [one for one in node.body.body if isinstance(one, cst.FunctionDef)]
        if any(base.startswith(("keras.layers.", "keras.engine.", "keras.models.", "keras.Model")) for base in bases):
            _own_layer(look, node)
        if any(base.startswith("keras.optimizers.") for base in bases):
            for method in methods:
                if method.name.value == "get_updates":
                    look.tell("graph/custom-optimizer", method)
        if any(base.startswith("keras.callbacks.") for base in bases):
            _own_callback(look, node)


def _own_layer(look: Look, node: cst.ClassDef) -> None:
    source = look.draft.source
    for assign in source.all(cst.AssignTarget):
        target = assign.target
        if not isinstance(target, cst.Attribute) or target.attr.value not in _SETTABLE:
            continue
        if source.code(target.value) == "self" and node in source.above(target):
            gone = f"`{target.attr.value}` of a layer cannot be set: AttributeError."
            look.tell("graph/layer-attributes", target, gone)


def _own_callback(look: Look, node: cst.ClassDef) -> None:
    source = look.draft.source
    own = {source.code(target.target) for target in source.all(cst.AssignTarget)}
    suspects: list[cst.BaseExpression] = [*source.all(cst.Attribute), *source.all(cst.Subscript)]
    for one in suspects:
        code = source.code(one)
        if code in _OF_CALLBACKS and code not in own and node in source.above(one):
            look.tell("training/callback-attributes", one)
