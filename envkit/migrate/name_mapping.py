"""Mapping of standalone Keras names to their names in a TensorFlow release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.tf_api import Api

KERAS_IMPORT_RULE = "imports/keras"
_PRIVATE_RULE = "names/private"
_IMPORTED_NAME_RULE = "imports/models"

# Longest first; each prefix is a copy of Keras.
_KERAS_PREFIXES = (
    "tensorflow.contrib.keras.python.keras",
    "tensorflow.contrib.keras.api.keras",
    "tensorflow.contrib.keras",
    "tensorflow.python.keras",
    "tensorflow.keras",
)

# Private packages that every release has, without a stable API.
_PRIVATE_PREFIXES = ("tensorflow.python.", "tensorflow.core.", "tensorflow.compiler.")

_MOVES: Mapping[str, tuple[str, str]] = {
    old: (new, rule.id) for rule in RULE_TABLE.values() for old, new in rule.moves.items()
}
_NOTE_RULES: Mapping[str, str] = {name: rule.id for rule in RULE_TABLE.values() for name in rule.names}


@dataclass(frozen=True, slots=True)
class Target:
    """New name of a Keras name.

    Attributes:
        path: Dotted name in TensorFlow, or in private modules of the Keras that it includes; empty if the release has
            no such name.
        rule: Id of the rule that moves the name or adds a note; empty if there is none.
    """

    path: str
    rule: str


def canonical_name(path: str) -> str:
    """Return the dotted name in standalone Keras, such as `keras.layers.Dense`; other names are returned unchanged."""
    for prefix in _KERAS_PREFIXES:
        if path == prefix or path.startswith(prefix + "."):
            return "keras" + path[len(prefix) :]
    return path


def target(path: str, api: Api) -> Target:
    """Find a canonical name in the release."""
    if path.startswith(_PRIVATE_PREFIXES):
        return Target(path, "")
    if not (path == "keras" or path.startswith("keras.")):
        return Target(path if api.resolves(path) else "", "")
    if api.resolves("tensorflow." + path):
        return Target("tensorflow." + path, KERAS_IMPORT_RULE)
    note_prefix = _longest_prefix(path, _NOTE_RULES)
    move_prefix = _longest_prefix(path, _MOVES)
    while move_prefix and len(move_prefix) >= len(note_prefix):
        destination, rule = _MOVES[move_prefix]
        if api.resolves(destination + path[len(move_prefix) :]):
            return Target(destination + path[len(move_prefix) :], rule)
        move_prefix = _longest_prefix(move_prefix.rpartition(".")[0], _MOVES)
    if path != "keras" and api.resolves(path):
        return Target(path, _NOTE_RULES.get(note_prefix, _PRIVATE_RULE))
    public_path = _find_public(path, api) if not note_prefix else ""
    return Target(public_path, _IMPORTED_NAME_RULE if public_path else _NOTE_RULES.get(note_prefix, ""))


def _find_public(path: str, api: Api) -> str:
    """Find a name that a module of standalone Keras only imported: the backend, a module, or a public name."""
    module, _, name = path.rpartition(".")
    if "." not in module or not target(module, api).path:
        return ""
    if name == "K":
        return "tensorflow.keras.backend"
    modules = (f"tensorflow.keras{suffix}" for suffix in ("", ".layers", ".utils"))
    return next((f"{public}.{name}" for public in modules if api.resolves(f"{public}.{name}")), "")


def _longest_prefix(path: str, table: Mapping[str, object]) -> str:
    """Return the longest prefix of the dotted name that is in the table."""
    while path and path not in table:
        path = path.rpartition(".")[0]
    return path
