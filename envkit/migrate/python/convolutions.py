"""Rewrite Keras 1 convolutions, which take each side of the kernel as a separate argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import Arguments, integer_value

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import Use
    from envkit.migrate.python.edits import EditSet
    from envkit.migrate.tf_api import Parameters

_POSITIONAL_RULE = "arguments/convolution-positional"
_KERNEL_SIZE_RULE = "arguments/kernel-size"
_SIDE_KEYWORDS = {
    2: (("nb_row", "nb_col"),),
    3: (("kernel_dim1", "kernel_dim2", "kernel_dim3"),),
}
_DECONVOLUTIONS = {"Deconvolution2D", "Deconvolution3D", "Deconv2D", "Deconv3D"}
# Common variable names for one side of a kernel.
_SIDE_NAMES = {
    "nb_row",
    "nb_col",
    "num_row",
    "num_col",
    "row",
    "col",
    "rows",
    "cols",
    "n_row",
    "n_col",
    "kernel_row",
    "kernel_col",
    "filter_row",
    "filter_col",
    "kh",
    "kw",
    "nb_conv",
    "filter_length",
    "filter_size",
    "kernel_dim1",
    "kernel_dim2",
    "kernel_dim3",
    "n_conv",
    "height",
    "width",
    "kernel_h",
    "kernel_w",
    "filter_h",
    "filter_w",
    "h",
    "w",
}


def rewrite(
    edits: EditSet, use: Use, args: Arguments, parameters: Parameters, *, ignore_extra: bool = False
) -> set[str]:
    """Join the sides of the kernel into one argument; return the keywords that were handled.

    Args:
        edits: Edits of the file.
        use: Use of the layer.
        args: Arguments of its call.
        parameters: Parameters of the layer in the target release.
        ignore_extra: Whether the positional arguments after the kernel are handled elsewhere.
    """
    name = use.path.rpartition(".")[2]
    rank = 3 if "3D" in name else 2 if "2D" in name else 0
    if not rank or "kernel_size" not in parameters.names:
        return set()
    if len(args.positional) > rank:
        _rewrite_positional(edits, use, args, rank, ignore_extra=ignore_extra)
        return set()
    return _rewrite_keywords(edits, args, rank)


def _rewrite_positional(edits: EditSet, use: Use, args: Arguments, rank: int, *, ignore_extra: bool) -> None:
    sides, extra_args = args.positional[1 : rank + 1], args.positional[rank + 1 :]
    output_shape = extra_args[0] if len(extra_args) == 1 and use.path.rpartition(".")[2] in _DECONVOLUTIONS else None
    if output_shape is not None and isinstance(output_shape.value, (cst.Tuple, cst.List)):  # now computed by the layer
        edits.rewrite("layers/deconvolution", *edits.source.spans[args.call], args.remove(output_shape))
        edits.add_note("layers/deconvolution", edits.source.start(args.call))
        extra_args = []
    side_flags = [_is_side_length(arg.value) for arg in sides]
    if use.path.rpartition(".")[2].startswith(
        "Convolution"
    ):  # the Keras 1 name: in `(64, size, size)` the kernel is a square
        codes = {edits.source.code(arg.value) for arg in sides}
        side_flags = [len(codes) == 1 or is_side for is_side in side_flags]
    begin = edits.source.start(args.call)
    if "kernel_size" in args.keywords or any(isinstance(arg.value, (cst.Tuple, cst.List)) for arg in sides):
        return
    if not use.binding.is_standalone and not use.path.rpartition(".")[2].startswith("Convolution"):
        return  # code for tf.keras, whose third positional argument has always been the strides
    if (extra_args and not ignore_extra) or not all(side_flags) or not use.binding.is_standalone:
        edits.add_note(_POSITIONAL_RULE, begin)
    else:
        edits.rewrite(_POSITIONAL_RULE, *edits.source.spans[args.call], *args.wrap_in_tuple(sides[0], sides[-1]))


def _is_side_length(value: cst.BaseExpression) -> bool:
    """Check whether the value appears to be the length of one side."""
    if isinstance(value, cst.Name):
        return value.value in _SIDE_NAMES
    if isinstance(value, cst.Subscript):
        return True
    return integer_value(value) is not None


def _rewrite_keywords(edits: EditSet, args: Arguments, rank: int) -> set[str]:
    for names in _SIDE_KEYWORDS[rank]:
        keyword_args = [args.keywords[name] for name in names if name in args.keywords]
        if not keyword_args:
            continue
        missing_count = len(names) - len(keyword_args)
        positional_args = args.positional[1 : 1 + missing_count] if missing_count else []
        side_args = [*positional_args, *keyword_args]
        positions = [list(args.call.args).index(arg) for arg in side_args]
        if len(side_args) != rank or positions != list(range(positions[0], positions[0] + rank)):
            edits.add_note(_KERNEL_SIZE_RULE, edits.source.start(args.call))
            return set(names)
        source = edits.source
        splices = [(source.start(arg), source.outer_span(arg.value)[0], "") for arg in keyword_args]
        value_begin = source.outer_span(side_args[0].value)[0]
        keyword_prefix = "kernel_size=" if not positional_args else ""
        begin = source.start(side_args[0])
        splices = [(begin, value_begin, f"{keyword_prefix}("), *splices[(1 if not positional_args else 0) :]]
        end = source.outer_span(side_args[-1].value)[1]
        edits.rewrite(_KERNEL_SIZE_RULE, *source.spans[args.call], *splices, (end, end, ")"))
        return set(names)
    return set()
