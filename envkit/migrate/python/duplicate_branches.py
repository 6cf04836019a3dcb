"""Find branches of `try` and `if` for different Keras versions that are equal after the rewrite."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.python.bindings import KerasUsage
    from envkit.migrate.python.edits import EditSet

_VERSION_TEST = re.compile(r"keras|version", re.IGNORECASE)


def add_notes(edits: EditSet, usage: KerasUsage) -> None:
    """Note each branch that equals the one before it, because of this rewrite or of an earlier one."""
    import_statements = {binding.statement for binding in [*usage.bindings, *usage.star_imports]}
    for branch, other_branch, condition in _iter_branch_pairs(edits):
        rewritten_codes = [edits.node_text(suite).strip() for suite in (branch, other_branch)]
        if rewritten_codes[0] != rewritten_codes[1]:
            continue
        original_codes = [edits.source.code(suite).strip() for suite in (branch, other_branch)]
        if original_codes[0] != original_codes[1] or _selects_keras_version(
            edits, other_branch, import_statements, condition
        ):
            edits.add_note("names/equal-arms", edits.source.start(other_branch.body[0]))


def _selects_keras_version(
    edits: EditSet,
    branch: cst.BaseSuite,
    import_statements: set[cst.Import | cst.ImportFrom],
    condition: cst.BaseExpression | None,
) -> bool:
    """Check whether the branches select a Keras version: by the `if` condition, or by an import in the `try` branch."""
    if condition is not None:
        return _VERSION_TEST.search(edits.source.code(condition)) is not None
    return any(branch in edits.source.ancestors(statement) for statement in import_statements)


def _iter_branch_pairs(edits: EditSet) -> Iterator[tuple[cst.BaseSuite, cst.BaseSuite, cst.BaseExpression | None]]:
    for try_node in edits.source.nodes(cst.Try):
        for handler in try_node.handlers:
            yield try_node.body, handler.body, None
    for if_node in edits.source.nodes(cst.If):
        if isinstance(if_node.orelse, cst.Else):
            yield if_node.body, if_node.orelse.body, if_node.test
