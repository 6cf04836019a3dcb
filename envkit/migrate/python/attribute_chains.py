"""Rewrite attribute chains of imported names that moved, and note the names that were removed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.name_mapping import KERAS_IMPORT_RULE, Target, canonical_name, target
from envkit.migrate.python import backend, merge_layer
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from collections.abc import Collection

    from envkit.migrate.python.bindings import Binding, KerasUsage, Use
    from envkit.migrate.python.edits import EditSet
    from envkit.migrate.python.import_insertion import ImportInserter
    from envkit.migrate.python.parsed_file import Source
    from envkit.migrate.tf_api import Api

_UNRESOLVED_RULE = "names/unresolved"
_INCIDENTAL_RULE = "names/incidental"
# Names that Keras modules imported for their own use, with the import that provides each.
_INCIDENTAL_IMPORTS = {name: name for name in sys.stdlib_module_names} | {
    "np": "numpy as np",
    "six": "six",
    "tf": "tensorflow as tf",
}
# Functions that every Keras module of its kind has always had.
_UNCHANGED_SUFFIXES = (".get", ".serialize", ".deserialize")
_TF1_RULE = "tensorflow-1/symbol"


def rewrite(
    edits: EditSet, usage: KerasUsage, api: Api, inserter: ImportInserter, unused: Collection[cst.ImportAlias] = ()
) -> None:
    """Rewrite every chain that moved, and note every name that does not resolve, except unused imports."""
    for binding in usage.bindings:
        if binding.alias not in unused:
            _note_binding(edits, binding, api)
    assigned_chains = {edits.source.code(use.node) for use in usage.uses if _is_assigned(edits.source, use)}
    for use in usage.uses:
        code = edits.source.code(use.node) + "."
        if use.binding.is_from_star:
            _rewrite_star_name(edits, use, api, inserter, usage.bound_names)
        elif use.tail and not any(code.startswith(chain + ".") for chain in assigned_chains):
            _rewrite_use(edits, use, api, inserter)
    for name in usage.unresolved_names:
        edits.add_note(
            "imports/star",
            edits.source.start(name),
            f"`{name.value}` is not defined in this file, "
            "and the star import from `tensorflow.keras` does not provide it.",
        )


def _rewrite_star_name(
    edits: EditSet, use: Use, api: Api, inserter: ImportInserter, bound_names: Collection[str]
) -> None:
    """Rewrite or note a name of a star import that the same module of the release does not have."""
    destination, (begin, end) = target(use.path, api), edits.source.spans[use.node]
    module = target(canonical_name(use.binding.path).rpartition(".")[0], api).path
    if merge_layer.is_function(edits.source, use) or destination.path == f"{module}.{use.base.value}{use.tail}":
        return
    if not destination.path:
        note_missing(edits, use.path, begin, api)
        return
    _note_manual_step(edits, use.path, destination, begin)
    name = destination.path.removeprefix(f"{module}.")
    is_provided = name.partition(".")[0] == use.base.value or (name.isidentifier() and name not in bound_names)
    reference = name if is_provided else inserter.build_reference(destination.path, use.scope, use.node)
    if reference:
        edits.rewrite(destination.rule, begin, end, (begin, end, reference))
    else:
        edits.add_note("imports/star", begin, hint=f"import {destination.path}")


def _is_assigned(source: Source, use: Use) -> bool:
    """Check whether the file assigns to the chain, and so adds its own name to the module."""
    return bool(use.tail) and isinstance(source.parents[use.node], (cst.AssignTarget, cst.AnnAssign))


def _note_binding(edits: EditSet, binding: Binding, api: Api) -> None:
    if binding.alias is None or binding.replacements:
        return
    if binding.target:
        if not api.is_module(binding.target) or binding.target.startswith("keras."):  # for others, each use has a note
            path = canonical_name(binding.path)
            _note_manual_step(edits, path, target(path, api), edits.source.start(binding.alias))
        return
    if merge_layer.is_merge(canonical_name(binding.path)):
        edits.add_note(merge_layer.RULE, edits.source.start(binding.alias))
        return
    note_missing(edits, canonical_name(binding.path), edits.source.start(binding.alias), api)


def _note_manual_step(edits: EditSet, path: str, destination: Target, offset: int) -> None:
    """Note a rewrite that the user still has to review."""
    if destination.rule and RULE_TABLE[destination.rule].rule_class in {"review", "impossible"}:
        edits.add_note(destination.rule, offset, _build_message(destination.rule, path))


def _build_message(rule: str, path: str) -> str:
    """Build the message of the rule; it starts with the name if the rule covers several names."""
    row = RULE_TABLE[rule]
    return f"`{path}`: {row.description}" if row.names and "`" not in row.description else row.description


def note_missing(edits: EditSet, path: str, offset: int, api: Api) -> None:
    """Note that the release does not have the name: under the rule that covers it, or as unresolved."""
    rule = target(path, api).rule
    if ".tf." in path:  # TensorFlow, through the backend that imported it
        path = f"tensorflow.{path.partition('.tf.')[2]}"
    if rule and not path.startswith("tensorflow"):
        edits.add_note(rule, offset, _build_message(rule, path))
    elif path.startswith("tensorflow"):
        old_path = path.replace("tensorflow.", "tensorflow.compat.v1.", 1)
        is_known = old_path.rpartition(".")[0] in api.modules
        hint = f"use tf.{old_path.partition('.')[2]}" if api.resolves(old_path) or not is_known else ""
        edits.add_note(_TF1_RULE, offset, f"TensorFlow {api.release} has no `{path}`.", hint)
    elif name := next((part for part in path.split(".")[2:] if part in _INCIDENTAL_IMPORTS), ""):
        edits.add_note(
            _INCIDENTAL_RULE,
            offset,
            f"`{name}` is not a Keras name: a Keras module happened to import it.",
            f"import {_INCIDENTAL_IMPORTS[name]}",
        )
    else:
        edits.add_note(_UNRESOLVED_RULE, offset, f"TensorFlow {api.release} has no `tensorflow.{path}`.")


def _rewrite_use(edits: EditSet, use: Use, api: Api, inserter: ImportInserter) -> None:
    source, binding = edits.source, use.binding
    if merge_layer.is_function(source, use) or use.path in backend.NAME_VARIABLES:
        return
    if not binding.target:
        return  # the import has the note
    begin, end = source.spans[use.node]
    destination = target(use.path, api)
    if not destination.path:
        note_missing(edits, use.path, begin, api)
        return
    if not use.tail.endswith(_UNCHANGED_SUFFIXES) and not binding.target.startswith("keras."):
        _note_manual_step(edits, use.path, destination, begin)
    if destination.path == binding.target + use.tail:
        return
    if not use.is_certain or any(
        target(alternative, api).path != destination.path for alternative in use.alternative_paths
    ):
        message = f"`{use.base.value}` has more than one meaning here, so `{source.code(use.node)}` is not rewritten."
        edits.add_note("names/ambiguous", begin, message)
        return
    rule = destination.rule if destination.rule != KERAS_IMPORT_RULE else "imports/private-copy"
    if "#" in source.code(use.node):
        edits.add_note(
            rule, begin, f"`{destination.path}` replaces this code, which contains a comment.", "rewrite it by hand"
        )
        return
    if (reference := build_reference(destination.path, use, inserter)) and source.code(use.node) != reference:
        edits.rewrite(rule, begin, end, (begin, end, reference))
    elif not reference:
        edits.add_note(
            rule,
            begin,
            f"`{source.code(use.node)}` is now `{destination.path}`, and this file has no name for it.",
            f"import it and write {destination.path}",
        )


def build_reference(path: str, use: Use, inserter: ImportInserter) -> str:
    """Build the code for the dotted name at the use, or an empty string if no name for it is available."""
    binding = use.binding
    if path == binding.target or path.startswith(binding.target + "."):
        return use.base.value + path[len(binding.target) :]
    return inserter.build_reference(path, use.scope, use.node)
