"""Rewrite calls of the Keras 1 backend: dimension ordering, its literals, and shapes stored on tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata.scope_provider import Assignment

from envkit.migrate.python.call_arguments import Arguments, integer_value, quote_like, string_value
from envkit.migrate.python.calls import DATA_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.python.bindings import KerasUsage, Use
    from envkit.migrate.python.edits import EditSet, Splice
    from envkit.migrate.python.import_insertion import ImportInserter
    from envkit.migrate.python.parsed_file import Source

_READ_RULE = "backend/image-dim-ordering"
_SET_RULE = "backend/set-image-dim-ordering"
_CHANNELS_FIRST_RULE = "backend/channels-first"
_KERAS_SHAPE_RULE = "backend/keras-shape"
_INT_SHAPE_PATH = "tensorflow.keras.backend.int_shape"
NAME_VARIABLES = {"keras.backend._BACKEND", "keras.backend._backend"}
_DATA_FORMAT_KEYWORDS = {"dim_ordering", "data_format", "image_data_format"}


def rewrite(edits: EditSet, usage: KerasUsage, inserter: ImportInserter) -> None:
    """Rewrite backend functions and attributes that have a replacement."""
    for use in usage.uses:
        call = _get_call(edits.source, use)
        if call is not None:
            _rewrite_call(edits, use.path, call)
        elif use.path in NAME_VARIABLES and use.tail:
            _rewrite_backend_name(edits, use, inserter)
    for node in edits.source.nodes(cst.Attribute):
        if node.attr.value == "_keras_shape":
            _rewrite_keras_shape(edits, node, inserter)
    for literal in edits.source.nodes(cst.SimpleString):
        if string_value(literal) == "_keras_shape":
            edits.add_note(_KERAS_SHAPE_RULE, edits.source.start(literal))


def _rewrite_call(edits: EditSet, path: str, call: cst.Call) -> None:
    path = path.replace("keras.backend.common.", "keras.backend.").replace(".tensorflow_backend.", ".")
    if path == "keras.backend.image_dim_ordering":
        _rewrite_ordering_read(edits, call)
    elif path in {"keras.backend.set_image_dim_ordering", "keras.backend.set_image_data_format"}:
        _rewrite_ordering_setter(edits, call, is_legacy=path.endswith("ordering"))
    elif path == "keras.backend.arange":
        _rewrite_arange(edits, call)


def _rewrite_backend_name(edits: EditSet, use: Use, inserter: ImportInserter) -> None:
    begin, end = edits.source.spans[use.node]
    reference = (
        inserter.build_reference("tensorflow.keras.backend.backend", use.scope, use.node) if use.is_certain else ""
    )
    if reference:
        edits.rewrite("backend/name", begin, end, (begin, end, f"{reference}()"))
    else:
        edits.add_note("backend/name", begin)


def _get_call(source: Source, use: Use) -> cst.Call | None:
    call = source.parents.get(use.node)
    return call if isinstance(call, cst.Call) and call.func is use.node else None


def _rewrite_ordering_read(edits: EditSet, call: cst.Call) -> None:
    """Rewrite `K.image_dim_ordering() == 'th'`, also if the value is first assigned to a variable."""
    source = edits.source
    if _rewrite_comparison(edits, call) or _is_data_format_argument(source, call):
        return
    variable = _get_assigned_variable(source, call)
    reads = _find_reads(source, variable) if variable is not None else []
    if variable is not None and _is_parameter(source, variable):
        edits.add_note(_READ_RULE, source.start(call), "A caller of this function may pass the old names.")
    for name_node in reads:
        if not (_rewrite_comparison(edits, name_node) or _is_data_format_argument(source, name_node)):
            edits.add_note(_READ_RULE, source.start(name_node))
    if not reads:
        edits.add_note(_READ_RULE, source.start(call))


def _rewrite_comparison(edits: EditSet, value: cst.BaseExpression) -> bool:
    """Rewrite the literals that the value is compared with, and return whether it is part of a comparison."""
    source = edits.source
    parent = source.parents[value]
    comparison = source.parents[parent] if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(comparison, cst.Comparison):
        return False
    operands = [comparison.left, *(target.comparator for target in comparison.comparisons)]
    literals = [literal for operand in operands for literal in _iter_string_literals(operand)]
    splices: list[Splice] = [
        (*source.outer_span(literal), quote_like(source, literal, DATA_FORMATS[value_text]))
        for literal in literals
        if (value_text := string_value(literal)) in DATA_FORMATS
    ]
    if splices:
        edits.rewrite(_READ_RULE, *source.spans[comparison], *splices)
    elif not literals:
        edits.add_note(_READ_RULE, source.start(comparison))
    return True


def _iter_string_literals(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield the string literals of an operand: the operand itself, or the elements of a collection."""
    if isinstance(node, (cst.Set, cst.List, cst.Tuple)):
        yield from (element.value for element in node.elements if string_value(element.value) is not None)
    elif string_value(node) is not None:
        yield node


def _is_data_format_argument(source: Source, value: cst.BaseExpression) -> bool:
    """Check whether the value is passed as a data format argument."""
    arg = source.parents[value]
    return isinstance(arg, cst.Arg) and arg.keyword is not None and arg.keyword.value in _DATA_FORMAT_KEYWORDS


def _get_assigned_variable(source: Source, call: cst.Call) -> cst.Name | None:
    assign = source.parents[call]
    if isinstance(assign, cst.Assign) and len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name):
        return assign.targets[0].target
    return None


def _find_reads(source: Source, name: cst.Name) -> list[cst.Name]:
    """Find the reads of the variable in its scope."""
    scope = source.scope(name)
    return (
        sorted(
            (
                access.node
                for assignment in scope.assignments[name.value]
                for access in assignment.references
                if isinstance(access.node, cst.Name)
            ),
            key=source.start,
        )
        if scope is not None
        else []
    )


def _is_parameter(source: Source, name: cst.Name) -> bool:
    """Check whether the variable is also a parameter."""
    scope = source.scope(name)
    nodes = (
        [assignment.node for assignment in scope.assignments[name.value] if isinstance(assignment, Assignment)]
        if scope
        else []
    )
    return any(isinstance(node, cst.Param) or isinstance(source.parents.get(node), cst.Param) for node in nodes)


def _rewrite_ordering_setter(edits: EditSet, call: cst.Call, *, is_legacy: bool) -> None:
    args = Arguments(edits.source, call)
    arg = call.args[0] if len(call.args) == 1 and not args.has_unpacking else None
    ordering = string_value(arg.value) if arg is not None else None
    begin, end = edits.source.spans[call]
    if is_legacy and arg is not None and ordering in DATA_FORMATS:
        edits.rewrite(
            _SET_RULE, begin, end, args.replace_value(arg, quote_like(edits.source, arg.value, DATA_FORMATS[ordering]))
        )
    elif is_legacy:
        edits.add_note(_SET_RULE, begin)
    if ordering in {"th", "channels_first"}:
        edits.add_note(_CHANNELS_FIRST_RULE, begin)


def _rewrite_arange(edits: EditSet, call: cst.Call) -> None:
    if len(call.args) != 1 or call.args[0].keyword is not None or call.args[0].star:
        return
    enclosing_functions = [
        node for node in edits.source.ancestors(call) if isinstance(node, (cst.FunctionDef, cst.Lambda))
    ]
    if enclosing_functions and integer_value(call.args[0].value) is None:
        begin = edits.source.start(call.args[0])
        edits.rewrite("backend/arange", *edits.source.spans[call], (begin, begin, "0, "))


def _rewrite_keras_shape(edits: EditSet, node: cst.Attribute, inserter: ImportInserter) -> None:
    """Replace a read of `x._keras_shape` with `K.int_shape(x)`."""
    source = edits.source
    begin, end = source.spans[node]
    scope = source.scope(node)
    is_write_target = isinstance(
        source.parents[node], (cst.AssignTarget, cst.AugAssign, cst.Del)
    ) and not _is_augmented_value(source, node)
    reference = (
        inserter.build_reference(_INT_SHAPE_PATH, scope, node) if scope is not None and not is_write_target else ""
    )
    if not reference:
        edits.add_note(_KERAS_SHAPE_RULE, begin)
        return
    inner_begin, inner_end = source.outer_span(node.value)
    edits.rewrite(_KERAS_SHAPE_RULE, begin, end, (inner_begin, inner_begin, f"{reference}("), (inner_end, end, ")"))


def _is_augmented_value(source: Source, node: cst.BaseExpression) -> bool:
    parent = source.parents[node]
    return isinstance(parent, cst.AugAssign) and parent.value is node
