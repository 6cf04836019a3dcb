"""Convolutions in the manner of Keras 1, whose kernel's sides are arguments of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import Arguments, number_of

if TYPE_CHECKING:
    from envkit.migrate.api import Parameters
    from envkit.migrate.bindings import Use
    from envkit.migrate.draft import Draft

_POSITIONAL = "arguments/convolution-positional"
_SIDES = "arguments/kernel-size"
_SIDES_OF = {
    2: (("nb_row", "nb_col"),),
    3: (("kernel_dim1", "kernel_dim2", "kernel_dim3"),),
}
# Names for one side of a kernel, where its value cannot be seen.
_SIDE = {
    "nb_row", "nb_col", "num_row", "num_col", "row", "col", "rows", "cols", "n_row", "n_col", "kernel_row",
    "kernel_col", "filter_row",
    "filter_col", "kh", "kw", "nb_conv", "filter_length", "filter_size", "kernel_dim1", "kernel_dim2",
    "kernel_dim3", "n_conv", "height", "width", "kernel_h", "kernel_w", "filter_h", "filter_w", "h", "w",
}


def rewrite(draft: Draft, use: Use, args: Arguments, takes: Parameters) -> set[str]:
    """Make one argument of the kernel's sides; return the keywords that this was about."""
    name = use.path.rpartition(".")[2]
    rank = 3 if "3D" in name else 2 if "2D" in name else 0
    if not rank or "kernel_size" not in takes.names:
        return set()
    if len(args.positional) > rank:
        _by_position(draft, use, args, rank)
        return set()
    return _by_name(draft, args, rank)


def _by_position(draft: Draft, use: Use, args: Arguments, rank: int) -> None:
    sides, rest = args.positional[1:rank + 1], args.positional[rank + 1:]
    sizes = [_side(arg.value) for arg in sides]
    if use.path.rpartition(".")[2].startswith("Convolution"):  # the name of Keras 1: `(64, size, size)` is a square
        codes = {draft.source.code(arg.value) for arg in sides}
        sizes = [len(codes) == 1 or size for size in sizes]
    begin = draft.source.start(args.call)
    if "kernel_size" in args.keywords or any(isinstance(arg.value, (cst.Tuple, cst.List)) for arg in sides):
        return
    if not use.binding.standalone and not use.path.rpartition(".")[2].startswith("Convolution"):
        return  # written for tf.keras, where the third position has always been the strides
    if rest or not all(sizes) or not use.binding.standalone:
        draft.tell(_POSITIONAL, begin)
    else:
        draft.rewrite(_POSITIONAL, *draft.source.spans[args.call], *args.wrap(sides[0], sides[-1]))


def _side(value: cst.BaseExpression) -> bool:
    """Whether the value is the length of one side, as far as one can see."""
    if isinstance(value, cst.Name):
        return value.value in _SIDE
    if isinstance(value, cst.Subscript):
        return True
    return number_of(value) is not None


def _by_name(draft: Draft, args: Arguments, rank: int) -> set[str]:
    for names in _SIDES_OF[rank]:
        given = [args.keywords[name] for name in names if name in args.keywords]
        if not given:
            continue
        missing = len(names) - len(given)
        by_position = args.positional[1:1 + missing] if missing else []
        ordered = [*by_position, *given]
        places = [list(args.call.args).index(arg) for arg in ordered]
        if len(ordered) != rank or places != list(range(places[0], places[0] + rank)):
            draft.tell(_SIDES, draft.source.start(args.call))
            return set(names)
        source = draft.source
        splices = [(source.start(arg), source.outer(arg.value)[0], "") for arg in given]
        first = source.outer(ordered[0].value)[0]
        named = "kernel_size=" if not by_position else ""
        begin = source.start(ordered[0])
        splices = [(begin, first, f"{named}("), *splices[(1 if not by_position else 0):]]
        end = source.outer(ordered[-1].value)[1]
        draft.rewrite(_SIDES, *source.spans[args.call], *splices, (end, end, ")"))
        return set(names)
    return set()
