"""Rewrite method calls of models and layers by method name, on any object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import Arguments, string_value
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import KerasUsage
    from envkit.migrate.python.edits import EditSet

_FIT = RULE_TABLE["arguments/fit"]
_SAMPLE_ARGUMENTS = {"samples_per_epoch", "nb_val_samples", "val_samples"}
_REMOVED_ARGUMENTS = {"show_accuracy"}
_METHODS = {"fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator", "train_on_batch"}
_WRAPPERS = ("keras.wrappers.scikit_learn.",)
_OLD_METHOD, _NEW_METHOD = "get_output_shape_for", "compute_output_shape"


def rewrite(edits: EditSet, usage: KerasUsage) -> None:
    """Rewrite the arguments and names of methods."""
    for call in edits.source.nodes(cst.Call):
        if isinstance(call.func, cst.Attribute):
            _rewrite_method(edits, call, call.func.attr.value)
    for use in usage.uses:
        parent = edits.source.parents[use.node]
        if use.path.startswith(_WRAPPERS) and isinstance(parent, cst.Call) and parent.func is use.node:
            _rewrite_fit(edits, Arguments(edits.source, parent))
    _rewrite_output_shape(edits)


def _rewrite_method(edits: EditSet, call: cst.Call, name: str) -> None:
    args = Arguments(edits.source, call)
    if name in _METHODS:
        _rewrite_fit(edits, args)
        for old in _SAMPLE_ARGUMENTS & args.keywords.keys():
            edits.add_note("arguments/samples", edits.source.start(args.keywords[old]))
        for old in _REMOVED_ARGUMENTS & args.keywords.keys():
            edits.add_note("arguments/gone", edits.source.start(args.keywords[old]))
    elif name == "compile" and "class_mode" in args.keywords:
        edits.add_note("arguments/gone", edits.source.start(args.keywords["class_mode"]))
    elif name == "add_weight" and args.positional:
        _rewrite_add_weight(edits, args)


def _rewrite_fit(edits: EditSet, args: Arguments) -> None:
    for old, (new, *_) in _FIT.arguments.items():
        arg = args.keywords.get(old)
        if arg is not None and new not in args.keywords:
            edits.rewrite(_FIT.id, *edits.source.spans[arg], args.rename(arg, new))


def _rewrite_add_weight(edits: EditSet, args: Arguments) -> None:
    """Rewrite `add_weight(shape, initializer)`: the first positional argument is now the name."""
    rule, first_value = "layers/add-weight", args.positional[0].value
    if string_value(first_value) is not None or isinstance(first_value, cst.FormattedString):
        return
    attribute = edits.source.code(first_value).rpartition(".")[2].lower()
    is_shape = isinstance(first_value, (cst.Tuple, cst.List)) or attribute.endswith("shape")
    if "shape" in args.keywords or attribute.endswith("name"):
        return
    if not is_shape or len(args.positional) > 2 or ("initializer" in args.keywords and len(args.positional) > 1):
        edits.add_note(rule, edits.source.start(args.call))
        return
    names = ("shape", "initializer")
    splices = [args.add_keyword(arg, name) for arg, name in zip(args.positional, names, strict=False)]
    edits.rewrite(rule, *edits.source.spans[args.call], *splices)


def _rewrite_output_shape(edits: EditSet) -> None:
    source = edits.source
    names = [
        node.name
        for node in source.nodes(cst.FunctionDef)
        if node.name.value == _OLD_METHOD
        and any(isinstance(ancestor, cst.ClassDef) for ancestor in source.ancestors(node))
    ]
    names += [node.attr for node in source.nodes(cst.Attribute) if node.attr.value == _OLD_METHOD]
    for name in names:
        begin, end = source.spans[name]
        edits.rewrite("layers/output-shape-for", begin, end, (begin, end, _NEW_METHOD))
