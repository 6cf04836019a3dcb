"""Where the names of standalone Keras stand in a TensorFlow release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.api import Api

PREFIX = "imports/keras"
_PRIVATE = "names/private"

# Longest first: what each of them holds is Keras.
_COPIES = (
    "tensorflow.contrib.keras.python.keras", "tensorflow.contrib.keras.api.keras", "tensorflow.contrib.keras",
    "tensorflow.python.keras", "tensorflow.keras",
)

# Private, and there in every release; what exactly is nobody's promise.
_UNLISTED = ("tensorflow.python.", "tensorflow.core.", "tensorflow.compiler.")

_MOVES: Mapping[str, tuple[str, str]] = {
    before: (after, rule.id) for rule in TABLE.values() for before, after in rule.moves.items()
}
_TOLD: Mapping[str, str] = {name: rule.id for rule in TABLE.values() for name in rule.names}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a name of Keras stands now.

    Attributes:
        path: Its dotted name in TensorFlow, or in the private parts of the Keras that comes with it; empty where the
            release has none.
        rule: By which rule it moved, or which rule tells of it; empty where no rule knows it.
    """

    path: str
    rule: str


def canonical(path: str) -> str:
    """Return the dotted name as standalone Keras had it: `keras.layers.Dense` for all that mean it.

    What is not Keras comes back as it is.
    """
    for copy in _COPIES:
        if path == copy or path.startswith(copy + "."):
            return "keras" + path[len(copy):]
    return path


def target(path: str, api: Api) -> Target:
    """Return where that canonical name stands in the release."""
    if path.startswith(_UNLISTED):
        return Target(path, "")
    if not (path == "keras" or path.startswith("keras.")):
        return Target(path if api.resolves(path) else "", "")
    if api.resolves("tensorflow." + path):
        return Target("tensorflow." + path, PREFIX)
    told = _longest(path, _TOLD)
    head = _longest(path, _MOVES)
    while head and len(head) >= len(told):
        after, rule = _MOVES[head]
        if api.resolves(after + path[len(head):]):
            return Target(after + path[len(head):], rule)
        head = _longest(head.rpartition(".")[0], _MOVES)
    if path != "keras" and api.resolves(path):
        return Target(path, _TOLD.get(told, _PRIVATE))
    return Target("", _TOLD.get(told, ""))


def _longest(path: str, table: Mapping[str, object]) -> str:
    """Return the longest beginning of the dotted name that the table holds."""
    while path and path not in table:
        path = path.rpartition(".")[0]
    return path
