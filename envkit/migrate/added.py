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


class Added:
    """What has been asked for, for one file."""

    def __init__(self, draft: Draft, bound: Bound) -> None:
        self._draft = draft
        self._bound = bound
        self._done: set[str] = set()

    def reach(self, path: str, scope: Scope) -> str:
        """Return how to write that dotted name in the scope: by what is imported, or by one import more.

        Nothing comes back if every name for it is taken.
        """
        known = [one for one in self._bound.bindings if one.top and one.target and _leads(one.target, path)]
        for one in sorted(known, key=lambda one: -len(one.target)):
            if visible(one.name, one, scope):
                return one.name + path[len(one.target):]
        for root, name, statement in _OFFERS:
            free = name in self._done or name not in self._bound.bound
            if free and _leads(root, path) and self._add(name, statement):
                return name + path[len(root):]
        return ""

    def _add(self, name: str, statement: str) -> bool:
        if name in self._done:
            return True
        source = self._draft.source
        first = next((one for one in [*self._bound.bindings, *self._bound.stars] if one.top), None)
        if first is None:
            return False
        line = [first.statement, *source.above(first.statement)][-2]
        simple = isinstance(line, cst.SimpleStatementLine)
        place = source.start(first.statement) if simple else source.start(line)
        joint = between(source, first.statement) if simple else source.newline(place)
        if not self._draft.rewrite("imports/added", place, place, (place, place, statement + joint)):
            return False
        self._done.add(name)
        return True


def _leads(root: str, path: str) -> bool:
    return path == root or path.startswith(root + ".")
