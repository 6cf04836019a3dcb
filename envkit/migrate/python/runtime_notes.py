"""Note code that imports but fails when it runs: graph mode, and removed methods and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import string_value
from envkit.migrate.python.removed_names import note_callback_keys
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from envkit.migrate.python.file_queries import FileQueries

_READ_ONLY_ATTRIBUTES = {"trainable_weights", "non_trainable_weights", "updates", "losses", "weights", "constraints"}
_REMOVED_ATTRIBUTES = {
    "_uses_learning_phase",
    "_make_train_function",
    "_make_test_function",
    "_make_predict_function",
    "_collected_trainable_weights",
    "metrics_tensors",
    "_feed_inputs",
    "_feed_targets",
    "_feed_sample_weights",
    "_standardize_user_data",
    "_check_num_samples",
    "_function_kwargs",
    "_output_loss_metrics",
    "stateful_metric_names",
}
_REMOVED_MODEL_NAMES = {"total_loss", "targets", "sample_weights"}
_REMOVED_METRICS = {
    "precision",
    "recall",
    "fmeasure",
    "fbeta_score",
    "matthews_correlation",
    "cosine_proximity",
    "mean_absolute_percentage_deviation",
    "jaccard_distance",
}
_REMOVED_CALLBACK_CODE = {"self.validation_data", "self.params['metrics']", 'self.params["metrics"]'}
_SESSION_PATHS = {f"tensorflow.compat.v1.keras.backend.{name}_session" for name in ("get", "set")}
_GRAPH_MODE_SWITCHES = ("compat.v1.disable_eager_execution", "compat.v1.disable_v2_behavior")
_INITIALIZER_PATHS = {
    target.removeprefix("tensorflow.")
    for name, target in RULE_TABLE["names/initializations"].moves.items()
    if name.startswith("keras.initializations.")
}
_YAML_LOADERS = {"keras.models.model_from_yaml"}


def add_notes(queries: FileQueries) -> None:
    """Note every such place in the file."""
    _note_graph_functions(queries)
    _note_sessions(queries)
    _note_initializer_calls(queries)
    _note_removed_methods(queries)
    _note_compile_arguments(queries)
    _note_custom_classes(queries)
    for node in queries.edits.source.nodes(cst.Attribute):
        is_model_attribute = (
            node.attr.value in _REMOVED_MODEL_NAMES and "model" in queries.edits.source.code(node.value).lower()
        )
        if node.attr.value in _REMOVED_ATTRIBUTES or is_model_attribute:
            message = f"`{node.attr.value}` belongs to the old Keras training loop, which was removed."
            queries.add_note("graph/private-methods", node, message)


def _note_graph_functions(queries: FileQueries) -> None:
    for use in queries.usage.uses:
        if use.path == "keras.backend.gradients":
            queries.add_note("graph/gradients", use.node)
    for _, args in queries.keras_calls.get("keras.backend.function", []):
        inputs = args.keywords.get("inputs") or (args.positional[0] if args.positional else None)
        uses_learning_phase = inputs is not None and "learning_phase" in queries.edits.source.code(inputs.value)
        if uses_learning_phase or "updates" in args.keywords or len(args.positional) > 2:
            queries.add_note("graph/function-learning-phase", args.call)


def _note_sessions(queries: FileQueries) -> None:
    """Note sessions by their rewritten name, unless the file uses graph mode."""
    uses_graph_mode = any(use.path.endswith(_GRAPH_MODE_SWITCHES) for use in queries.usage.uses)
    if uses_graph_mode or any(candidate.path == "tensorflow.compat.v1" for candidate in queries.usage.bindings):
        return
    for binding in queries.usage.bindings:
        if binding.alias is not None and binding.path in _SESSION_PATHS:
            queries.add_note("backend/session", binding.alias)
    for use in queries.usage.uses:
        if use.tail and use.path in _SESSION_PATHS:
            queries.add_note("backend/session", use.node)


def _note_initializer_calls(queries: FileQueries) -> None:
    """Note initializer classes that are called with a shape, as if they were functions."""
    for path in _INITIALIZER_PATHS & queries.keras_calls.keys():
        for use, args in queries.keras_calls[path]:
            first_value = args.positional[0].value if args.positional else None
            is_shape = isinstance(first_value, cst.Name) and first_value.value.lower().endswith("shape")
            if is_shape or isinstance(first_value, (cst.Tuple, cst.List)):
                queries.add_note("names/initializations", use.node)


def _note_removed_methods(queries: FileQueries) -> None:
    for call in queries.method_calls["predict_classes"]:
        queries.add_note("training/predict-classes", call)
    for call in queries.method_calls["predict_proba"]:
        if queries.is_keras_model(call) or (
            "sklearn" not in queries.edits.source.text and queries.is_model_method(call)
        ):
            queries.add_note("training/predict-proba", call)
    for call in queries.method_calls["to_yaml"]:
        queries.add_note("training/yaml", call)
    for path in _YAML_LOADERS:
        for use, _ in queries.keras_calls.get(path, []):
            queries.add_note("training/yaml", use.node)
    for name in ("fit", "fit_generator", "train_on_batch"):
        for call in queries.method_calls[name]:
            arg = queries.arguments(call).keywords.get("class_weight")
            if arg is not None and string_value(arg.value) == "auto":
                queries.add_note("training/class-weight-auto", arg)


def _note_compile_arguments(queries: FileQueries) -> None:
    for call in queries.method_calls["compile"]:
        args = queries.arguments(call)
        if "target_tensors" in args.keywords:
            queries.add_note("graph/target-tensors", args.keywords["target_tensors"])
        for position, keyword, label in ((1, "loss", "loss"), (2, "metrics", "metric")):
            arg = args.keywords.get(keyword) or (args.positional[position] if len(args.positional) > position else None)
            values = [] if arg is None else [arg.value]
            if arg is not None and isinstance(arg.value, (cst.List, cst.Tuple)):
                values = [element.value for element in arg.value.elements]
            for value in values:
                text = string_value(value)
                if text in _REMOVED_METRICS and not (keyword == "metrics" and text == "cosine_proximity"):
                    queries.add_note("training/metric-names", value, f"There is no {label} named `{text}`.")


def _note_custom_classes(queries: FileQueries) -> None:
    uses: dict[cst.CSTNode, str] = {use.node: use.path for use in queries.usage.uses}
    for node in queries.edits.source.nodes(cst.ClassDef):
        bases = [uses.get(base.value, "") for base in node.bases]
        methods = [statement for statement in node.body.body if isinstance(statement, cst.FunctionDef)]
        if any(base.startswith(("keras.layers.", "keras.engine.", "keras.models.", "keras.Model")) for base in bases):
            _note_custom_layer(queries, node)
        if any(base.startswith("keras.optimizers.") for base in bases):
            for method in methods:
                if method.name.value == "get_updates":
                    queries.add_note("graph/custom-optimizer", method)
        if any(base.startswith("keras.callbacks.") for base in bases):
            _note_custom_callback(queries, node)
            note_callback_keys(queries, node)


def _note_custom_layer(queries: FileQueries, node: cst.ClassDef) -> None:
    source = queries.edits.source
    for assign in source.nodes(cst.AssignTarget):
        target = assign.target
        if not isinstance(target, cst.Attribute) or target.attr.value not in _READ_ONLY_ATTRIBUTES:
            continue
        if source.code(target.value) == "self" and node in source.ancestors(target):
            message = f"The layer attribute `{target.attr.value}` is read-only: setting it raises AttributeError."
            queries.add_note("graph/layer-attributes", target, message)


def _note_custom_callback(queries: FileQueries, node: cst.ClassDef) -> None:
    source = queries.edits.source
    assigned_codes = {source.code(target.target) for target in source.nodes(cst.AssignTarget)}
    expressions: list[cst.BaseExpression] = [*source.nodes(cst.Attribute), *source.nodes(cst.Subscript)]
    for expression in expressions:
        code = source.code(expression)
        if code in _REMOVED_CALLBACK_CODE and code not in assigned_codes and node in source.ancestors(expression):
            queries.add_note("training/callback-attributes", expression)
