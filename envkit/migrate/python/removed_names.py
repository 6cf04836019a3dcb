"""Rewrite or note attributes, keys and arguments that Keras 2 renamed on objects whose class is not visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import string_value

if TYPE_CHECKING:
    from envkit.migrate.python.file_queries import FileQueries

_ATTRIBUTE_RULE = "names/attributes"
# Old attribute -> new attribute, and the calls whose result has it.
_ATTRIBUTES = {
    "nb_sample": ("samples", (".flow_from_directory", ".flow")),
    "nb_class": ("num_classes", (".flow_from_directory",)),
    "nb_words": ("num_words", ("Tokenizer",)),
}
_OTHER_BACKENDS = ("theano", "cntk")
_CALLBACK_PARAMS = {"nb_epoch", "nb_sample", "samples", "batch_size", "do_validation"}
_PROGBAR = "Progbar"


def rewrite(queries: FileQueries) -> None:
    """Rewrite attributes of known objects, and note the rest."""
    _rewrite_attributes(queries)
    _note_other_backends(queries)
    _note_initializer_functions(queries)
    _note_progress_bars(queries)


def _rewrite_attributes(queries: FileQueries) -> None:
    source = queries.edits.source
    nodes = [node for node in source.nodes(cst.Attribute) if node.attr.value in _ATTRIBUTES]
    if not nodes:
        return
    own_names = {source.code(target.target).rpartition(".")[2] for target in source.nodes(cst.AssignTarget)}
    for node in nodes:
        new_name, factories = _ATTRIBUTES[node.attr.value]
        if isinstance(source.parents[node], cst.AssignTarget) or (
            node.attr.value in own_names and source.code(node.value) == "self"
        ):
            continue
        if _is_result(queries, source.code(node.value), factories):
            span = source.spans[node.attr]
            queries.edits.rewrite(_ATTRIBUTE_RULE, *source.spans[node], (*span, new_name))
        else:
            queries.add_note(_ATTRIBUTE_RULE, node, hint=f"write .{new_name}")


def _is_result(queries: FileQueries, name: str, factories: tuple[str, ...]) -> bool:
    """Check whether the file assigns to the name only, and the name is the result of one of the functions."""
    values = queries.assigned_values.get(name, [])
    return bool(values) and all(
        isinstance(value, cst.Call) and queries.edits.source.code(value.func).endswith(factories) for value in values
    )


def _note_other_backends(queries: FileQueries) -> None:
    """Note imports of another backend, except in a branch or a `try` that selects it."""
    source = queries.edits.source
    for statement in [*source.nodes(cst.Import), *source.nodes(cst.ImportFrom)]:
        if not source.code(statement).split()[1].startswith(_OTHER_BACKENDS):
            continue
        root = source.code(statement).split()[1].partition(".")[0].rstrip(",")
        is_guarded = any(isinstance(node, (cst.If, cst.Try, cst.Else)) for node in source.ancestors(statement))
        if root in _OTHER_BACKENDS and not is_guarded:
            message = f"This file computes with {root}, whose tensors `tf.keras` does not accept."
            queries.add_note("names/other-backends", statement, message, "write the computation with TensorFlow")


def _note_initializer_functions(queries: FileQueries) -> None:
    """Note calls of `self.init = initializations.get(…)` that expect a named weight."""
    source = queries.edits.source
    for path in ("keras.initializations.get", "keras.initializers.get"):
        names = {name for _, args in queries.keras_calls.get(path, []) for name in queries.assigned_names(args.call)}
        for call in source.nodes(cst.Call) if names else ():
            if source.code(call.func) in names and "name" in queries.arguments(call).keywords:
                hint = "create the weight with self.add_weight(name=…, shape=…, initializer=…)"
                message = "An initializer takes no name, and its result is a tensor: no weight, and never trained."
                queries.add_note("names/initializations", call, message, hint)


def _note_progress_bars(queries: FileQueries) -> None:
    source = queries.edits.source
    calls = [args.call for path, calls in queries.keras_calls.items() if path.endswith(_PROGBAR) for _, args in calls]
    codes = {source.code(call) for call in calls} | {name for call in calls for name in queries.assigned_names(call)}
    for call in queries.method_calls["update"] if codes else ():
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - calls of attributes
        force = queries.arguments(call).keywords.get("force")
        if force is not None and source.code(call.func.value) in codes:
            hint = "write finalize=True for the last update, and remove it elsewhere"
            queries.add_note("arguments/gone", force, "`Progbar.update` takes no argument `force`: TypeError.", hint)


def note_callback_keys(queries: FileQueries, node: cst.ClassDef) -> None:
    """Note keys of `self.params` and of the logs of a batch that the callbacks of tf.keras do not have."""
    source = queries.edits.source
    for subscript in source.nodes(cst.Subscript):
        key = string_value(_subscript_value(subscript))
        base = source.code(subscript.value)
        is_param = base == "self.params" and key in _CALLBACK_PARAMS
        is_size = base == "logs" and key == "size"
        if (is_param or is_size) and node in source.ancestors(subscript):
            text = "`self.params` has only verbose, epochs and steps" if is_param else "The logs have no `size`"
            hint = "use epochs and steps" if is_param else "pass the batch size to the callback's __init__"
            queries.add_note("training/callback-attributes", subscript, f"{text}: KeyError.", hint)


def _subscript_value(subscript: cst.Subscript) -> cst.BaseExpression | None:
    element = subscript.slice[0].slice
    return element.value if isinstance(element, cst.Index) else None
