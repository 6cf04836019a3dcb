"""Find constants that hold an order of dimensions, such as `DIM_ORDERING = 'th'`, and rewrite them with their uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata.scope_provider import Assignment

from envkit.migrate.python.call_arguments import quote_like, string_value

if TYPE_CHECKING:
    from envkit.migrate.python.edits import EditSet
    from envkit.migrate.python.parsed_file import Source

DATA_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_RULE = "arguments/dim-ordering"
_KEYWORDS = {"dim_ordering", "data_format"}


@dataclass(frozen=True, eq=False, slots=True)
class OrderingConstant:
    """Constant with its literals.

    Attributes:
        literals: The assigned string, and the strings that the constant is compared with.
    """

    literals: tuple[cst.BaseExpression, ...]


def find(source: Source, value: cst.BaseExpression) -> OrderingConstant | None:
    """Find the constant that the expression names; None if it is bound again or used for anything else."""
    scope = source.scope(value) if isinstance(value, cst.Name) else None
    assignments = list(scope[value.value]) if scope is not None and isinstance(value, cst.Name) else []
    if len(assignments) != 1 or not isinstance(assignments[0], Assignment):
        return None
    assign = source.parents.get(source.parents[assignments[0].node])
    literal = assign.value if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if literal is None or string_value(literal) not in DATA_FORMATS:
        return None
    literals = [literal]
    for access in assignments[0].references:
        compared = _compared_literals(source, access.node)
        if compared is None:
            return None
        literals += compared
    return OrderingConstant(tuple(literals))


def _compared_literals(source: Source, node: cst.CSTNode) -> list[cst.BaseExpression] | None:
    """Return the literals that the use is compared with; None if it is neither compared nor passed on."""
    parent = source.parents[node]
    if isinstance(parent, cst.Arg):
        return [] if parent.keyword is not None and parent.keyword.value in _KEYWORDS else None
    comparison = source.parents[parent] if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(comparison, cst.Comparison) or len(comparison.comparisons) != 1:
        return None
    operands = [comparison.left, comparison.comparisons[0].comparator]
    literals = [operand for operand in operands if string_value(operand) in DATA_FORMATS]
    return literals or None


def rewrite(edits: EditSet, constant: OrderingConstant) -> None:
    """Rewrite the literals of the constant."""
    for literal in constant.literals:
        span = edits.source.outer_span(literal)
        text = quote_like(edits.source, literal, DATA_FORMATS[string_value(literal) or ""])
        edits.rewrite(_RULE, *span, (*span, text))
