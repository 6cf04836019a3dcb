"""Imports that a file needs in addition: it reaches a name that it had no name for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.bindings import visible
from envkit.migrate.imports import between

if TYPE_CHECKING:
    from libcst.metadata.scope_provider import Scope

    from envkit.migrate.bindings import Bound
    from envkit.migrate.draft import Draft

# What is imported, by which name, and by which statement; the first that leads to a name is taken.
_OFFERS = (
    ("tensorflow.keras.backend", "K", "from tensorflow.keras import backend as K"),
    ("tensorflow", "tf", "import tensorflow as tf"),
)
_CONDITIONS = (cst.If, cst.Else, cst.While, cst.For, cst.ExceptHandler, cst.MatchCase)
_LATER = (cst.FunctionDef, cst.Lambda)


class Added:
    """What has been asked for, for one file."""

    def __init__(self, draft: Draft, bound: Bound) -> None:
        self._draft = draft
        self._bound = bound
        self._done: dict[str, int] = {}  # and where

    def reach(self, path: str, scope: Scope, node: cst.CSTNode) -> str:
        """Return how to write that dotted name where the node stands: by what is imported, or by one import more.

        Nothing comes back if every name for it is taken, or bound only later.
        """
        known = [one for one in self._bound.bindings if one.top and one.target and _leads(one.target, path)]
        for one in sorted(known, key=lambda one: -len(one.target)):
            if visible(one.name, one, scope) and self._ran(one.statement, node):
                return one.name + path[len(one.target):]
        for root, name, statement in _OFFERS:
            free = name in self._done or name not in self._bound.bound
            if free and _leads(root, path) and self._add(name, statement, node):
                return name + path[len(root):]
        return ""

    def _ran(self, statement: cst.CSTNode, node: cst.CSTNode) -> bool:
        """Whether an import has run when the node is reached: it stands before, under no condition of its own."""
        source = self._draft.source
        around = list(source.above(node))
        suites = [one for one in source.above(statement) if isinstance(source.parents.get(one), _CONDITIONS)]
        return self._reached(source.start(statement), node) and all(one in around for one in suites)

    def _reached(self, place: int, node: cst.CSTNode) -> bool:
        """Whether what stands at a place of the module has run when the node is; a function is called later."""
        source = self._draft.source
        return place < source.start(node) or any(isinstance(one, _LATER) for one in source.above(node))

    def _add(self, name: str, statement: str, node: cst.CSTNode) -> bool:
        if name in self._done:
            return self._reached(self._done[name], node)
        source = self._draft.source
        first = next((one for one in [*self._bound.bindings, *self._bound.stars] if one.top), None)
        if first is None:
            return False
        line = [first.statement, *source.above(first.statement)][-2]
        simple = isinstance(line, cst.SimpleStatementLine)
        place = source.start(first.statement) if simple else source.start(line)
        joint = between(source, first.statement) if simple else source.newline(place)
        if not self._reached(place, node):
            return False
        if not self._draft.rewrite("imports/added", place, place, (place, place, statement + joint)):
            return False
        self._done[name] = place
        return True


def _leads(root: str, path: str) -> bool:
    return path == root or path.startswith(root + ".")
