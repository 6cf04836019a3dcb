"""Insert imports for rewritten code that refers to names the file did not import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.bindings import is_visible
from envkit.migrate.python.imports import statement_separator

if TYPE_CHECKING:
    from libcst.metadata.scope_provider import Scope

    from envkit.migrate.python.bindings import KerasUsage
    from envkit.migrate.python.edits import EditSet

# Imported path, local name and statement; the first that contains the wanted name is used.
_INSERTABLE_IMPORTS = (
    ("tensorflow.keras.backend", "K", "from tensorflow.keras import backend as K"),
    ("tensorflow", "tf", "import tensorflow as tf"),
)
_CONDITIONAL_NODES = (cst.If, cst.Else, cst.While, cst.For, cst.ExceptHandler, cst.MatchCase)
_DEFERRED_NODES = (cst.FunctionDef, cst.Lambda)


class ImportInserter:
    """Builds references to dotted names in one file, and inserts the imports they need."""

    def __init__(self, edits: EditSet, usage: KerasUsage) -> None:
        self._edits = edits
        self._usage = usage
        self._insert_offsets: dict[str, int] = {}  # offset of the inserted import by local name

    def build_reference(self, path: str, scope: Scope, node: cst.CSTNode) -> str:
        """Build the code for the dotted name at the node, from the imports of the file or with a new one.

        The result is empty if every suitable name is taken, or bound only after the node.
        """
        candidates = [
            binding
            for binding in self._usage.bindings
            if binding.is_top_level and binding.target and _is_prefix(binding.target, path)
        ]
        for binding in sorted(candidates, key=lambda candidate: -len(candidate.target)):
            if is_visible(binding.name, binding, scope) and self._has_run(binding.statement, node):
                return binding.name + path[len(binding.target) :]
        for root, name, statement in _INSERTABLE_IMPORTS:
            is_available = name in self._insert_offsets or name not in self._usage.bound_names
            if is_available and _is_prefix(root, path) and self._insert_import(name, statement, node):
                return name + path[len(root) :]
        return ""

    def _has_run(self, statement: cst.CSTNode, node: cst.CSTNode) -> bool:
        """Check whether the import has run before the node: it is earlier, and every condition on it holds there."""
        source = self._edits.source
        ancestors = list(source.ancestors(node))
        conditional_suites = [
            ancestor
            for ancestor in source.ancestors(statement)
            if isinstance(source.parents.get(ancestor), _CONDITIONAL_NODES)
        ]
        return self._is_reached(source.start(statement), node) and all(
            suite in ancestors for suite in conditional_suites
        )

    def _is_reached(self, offset: int, node: cst.CSTNode) -> bool:
        """Check whether module code at the offset runs before the node; function bodies run later."""
        source = self._edits.source
        return offset < source.start(node) or any(
            isinstance(ancestor, _DEFERRED_NODES) for ancestor in source.ancestors(node)
        )

    def _insert_import(self, name: str, statement: str, node: cst.CSTNode) -> bool:
        if name in self._insert_offsets:
            return self._is_reached(self._insert_offsets[name], node)
        source = self._edits.source
        first_binding = next(
            (binding for binding in [*self._usage.bindings, *self._usage.star_imports] if binding.is_top_level), None
        )
        if first_binding is None:
            return False
        top_level_node = [first_binding.statement, *source.ancestors(first_binding.statement)][-2]
        is_simple = isinstance(top_level_node, cst.SimpleStatementLine)
        offset = source.start(first_binding.statement) if is_simple else source.start(top_level_node)
        separator = statement_separator(source, first_binding.statement) if is_simple else source.newline(offset)
        if not self._is_reached(offset, node):
            return False
        if not self._edits.rewrite("imports/added", offset, offset, (offset, offset, statement + separator)):
            return False
        self._insert_offsets[name] = offset
        return True


def _is_prefix(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(prefix + ".")
