"""Methods of models and layers: what is called by the name of a method, whatever it is called on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import Arguments, text_of
from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    from envkit.migrate.bindings import Bound
    from envkit.migrate.draft import Draft

_FIT = TABLE["arguments/fit"]
_SAMPLES = {"samples_per_epoch", "nb_val_samples", "val_samples"}
_GONE = {"show_accuracy"}
_METHODS = {"fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator", "train_on_batch"}
_WRAPPERS = ("keras.wrappers.scikit_learn.",)
_OLD, _NEW = "get_output_shape_for", "compute_output_shape"


def rewrite(draft: Draft, bound: Bound) -> None:
    """Rewrite the arguments and the names of methods."""
    for call in draft.source.all(cst.Call):
        if isinstance(call.func, cst.Attribute):
            _method(draft, call, call.func.attr.value)
    for use in bound.uses:
        above = draft.source.parents[use.node]
        if use.path.startswith(_WRAPPERS) and isinstance(above, cst.Call) and above.func is use.node:
            _fit(draft, Arguments(draft.source, above))
    _output_shape(draft)


def _method(draft: Draft, call: cst.Call, name: str) -> None:
    args = Arguments(draft.source, call)
    if name in _METHODS:
        _fit(draft, args)
        for old in _SAMPLES & args.keywords.keys():
            draft.tell("arguments/samples", draft.source.start(args.keywords[old]))
        for old in _GONE & args.keywords.keys():
            draft.tell("arguments/gone", draft.source.start(args.keywords[old]))
    elif name == "compile" and "class_mode" in args.keywords:
        draft.tell("arguments/gone", draft.source.start(args.keywords["class_mode"]))
    elif name == "add_weight" and args.positional:
        _add_weight(draft, args)


def _fit(draft: Draft, args: Arguments) -> None:
    for old, (new, *_) in _FIT.arguments.items():
        arg = args.keywords.get(old)
        if arg is not None and new not in args.keywords:
            draft.rewrite(_FIT.id, *draft.source.spans[arg], args.rename(arg, new))


def _add_weight(draft: Draft, args: Arguments) -> None:
    """`add_weight(shape, initializer)`: a name came before them."""
    rule, first = "layers/add-weight", args.positional[0].value
    if text_of(first) is not None or isinstance(first, cst.FormattedString):
        return
    last = draft.source.code(first).rpartition(".")[2].lower()
    shape = isinstance(first, (cst.Tuple, cst.List)) or last.endswith("shape")
    if "shape" in args.keywords or last.endswith("name"):
        return
    if not shape or len(args.positional) > 2 or ("initializer" in args.keywords and len(args.positional) > 1):
        draft.tell(rule, draft.source.start(args.call))
        return
    names = ("shape", "initializer")
    splices = [args.name(arg, name) for arg, name in zip(args.positional, names, strict=False)]
    draft.rewrite(rule, *draft.source.spans[args.call], *splices)


def _output_shape(draft: Draft) -> None:
    source = draft.source
    names = [node.name for node in source.all(cst.FunctionDef)
             if node.name.value == _OLD and any(isinstance(one, cst.ClassDef) for one in source.above(node))]
    names += [node.attr for node in source.all(cst.Attribute) if node.attr.value == _OLD]
    for name in names:
        begin, end = source.spans[name]
        draft.rewrite("layers/output-shape-for", begin, end, (begin, end, _NEW))
