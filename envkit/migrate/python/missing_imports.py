"""Plan the imports of names that the target release does not have, so that they stop as little code as possible."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python import merge_layer
from envkit.migrate.python.call_arguments import string_value

if TYPE_CHECKING:
    from envkit.migrate.python.bindings import Binding, KerasUsage
    from envkit.migrate.python.parsed_file import Source

_WORD = re.compile(r"[^\W\d]\w*")
# Suites that are entered several times, or whose names other code does not see.
_UNSUITABLE_PARENTS = (cst.For, cst.While, cst.ClassDef)


@dataclass(frozen=True, slots=True)
class MissingImports:
    """Imported names that the release does not have and that need not be imported where they are.

    Attributes:
        unused: Parts of imports that bind a name which the file never uses.
        deferred: Parts of imports with the statement before which the name is imported instead.
    """

    unused: set[cst.ImportAlias] = field(default_factory=set)
    deferred: dict[cst.ImportAlias, cst.CSTNode] = field(default_factory=dict)

    def drops(self, alias: cst.ImportAlias) -> bool:
        """Check whether the statement loses this part."""
        return alias in self.unused or alias in self.deferred


def plan(source: Source, usage: KerasUsage) -> MissingImports:
    """Find the missing names that are unused, or used in one branch or function only."""
    result = MissingImports()
    missing = [binding for binding in usage.bindings if _is_movable(source, binding)]
    if not missing:
        return result
    used_names = {use.base.value for use in usage.uses} | _names_in_strings(source)
    import_counts = [binding.name for binding in usage.bindings if binding.alias is not None]
    for binding in missing:
        assert binding.alias is not None  # noqa: S101 - module variables are not movable
        if binding.name not in used_names:
            result.unused.add(binding.alias)
        elif import_counts.count(binding.name) == 1 and (place := _find_place(source, usage, binding)) is not None:
            result.deferred[binding.alias] = place
    return result


def _is_movable(source: Source, binding: Binding) -> bool:
    """Check whether the release lacks the name, and no `try` handles that the import fails."""
    if binding.target or binding.alias is None or (binding.replacements and not binding.is_kept):
        return False
    if not isinstance(binding.statement, cst.ImportFrom):
        return False
    chain = [binding.statement, *source.ancestors(binding.statement)]
    is_guarded = any(isinstance(parent, cst.Try) and suite is parent.body for suite, parent in pairwise(chain))
    return binding.is_standalone and not is_guarded


def _names_in_strings(source: Source) -> set[str]:
    """Collect the words of all strings: `__all__`, `getattr`, annotations, and cells that are not read."""
    return {word for literal in source.nodes(cst.SimpleString) for word in _WORD.findall(string_value(literal) or "")}


def _find_place(source: Source, usage: KerasUsage, binding: Binding) -> cst.CSTNode | None:
    """Find the statement before which the import serves all uses of the name, in a smaller suite than today."""
    uses = [
        use
        for use in usage.uses
        if use.base.value == binding.name and not (binding.replacements and merge_layer.is_replaced(source, use))
    ]
    is_shared = binding.name in _names_in_strings(source) or any(
        item.name.value == binding.name for node in source.nodes(cst.Global) for item in node.names
    )
    if is_shared or any(use.binding is not binding or not use.is_certain for use in uses):
        return None
    chains = [_suites(source, use.base) for use in uses]
    own_suites = {suite for suite, _ in _suites(source, binding.statement)}
    common = {suite for suite, _ in chains[0]}.intersection(*({suite for suite, _ in chain} for chain in chains))
    for suite, statement in chains[0]:  # innermost first; the uses are in file order
        if suite in own_suites:
            return None
        if suite in common and not isinstance(source.parents[suite], _UNSUITABLE_PARENTS):
            return statement
    return None


def _suites(source: Source, node: cst.CSTNode) -> list[tuple[cst.CSTNode, cst.CSTNode]]:
    """List the suites around the node, innermost first, each with its statement that contains the node."""
    chain = [node, *source.ancestors(node)]
    return [
        (suite, statement) for statement, suite in pairwise(chain) if isinstance(suite, (cst.IndentedBlock, cst.Module))
    ]
