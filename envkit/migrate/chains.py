"""Uses of what is imported: chains of attributes that lead somewhere else now, and names that are gone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate import backend, merges
from envkit.migrate.names import PREFIX, Target, canonical, target
from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    from envkit.migrate.added import Added
    from envkit.migrate.api import Api
    from envkit.migrate.bindings import Binding, Bound, Use
    from envkit.migrate.draft import Draft
    from envkit.migrate.source import Source

_UNRESOLVED = "names/unresolved"
_INCIDENTAL = "names/incidental"
# What modules of Keras imported for themselves, and how to import it.
_HELD = {name: name for name in sys.stdlib_module_names} | {"np": "numpy as np", "six": "six", "tf": "tensorflow as tf"}
# What modules of Keras had from the beginning, and still have.
_SAME = (".get", ".serialize", ".deserialize")
_TF1 = "tensorflow-1/symbol"


def rewrite(draft: Draft, bound: Bound, api: Api, added: Added) -> None:
    """Rewrite every chain that moved; tell of every name that does not resolve."""
    for binding in bound.bindings:
        _binding(draft, binding, api)
    stored = {draft.source.code(use.node) for use in bound.uses if _stored(draft.source, use)}
    for use in bound.uses:
        code = draft.source.code(use.node) + "."
        if use.tail and not any(code.startswith(own + ".") for own in stored):
            _use(draft, use, api, added)
    for name in bound.leaked:
        draft.tell("imports/star", draft.source.start(name), f"`{name.value}` is bound nowhere in this file, and "
                   "the star of `tensorflow.keras` does not bring it either.")


def _stored(source: Source, use: Use) -> bool:
    """Whether a value is put there: the file gives the module a name of its own."""
    return bool(use.tail) and isinstance(source.parents[use.node], (cst.AssignTarget, cst.AnnAssign))


def _binding(draft: Draft, binding: Binding, api: Api) -> None:
    if binding.alias is None or binding.instead:
        return
    if binding.target:
        if not api.is_module(binding.target) or binding.target.startswith("keras."):  # of others, each use is told
            path = canonical(binding.path)
            _told_too(draft, path, target(path, api), draft.source.start(binding.alias))
        return
    if merges.is_merge(canonical(binding.path)):
        draft.tell(merges.RULE, draft.source.start(binding.alias))
        return
    tell_missing(draft, canonical(binding.path), draft.source.start(binding.alias), api)


def _told_too(draft: Draft, path: str, found: Target, offset: int) -> None:
    """Tell of what was rewritten and needs a person all the same."""
    if found.rule and TABLE[found.rule].what in {"review", "impossible"}:
        draft.tell(found.rule, offset, _named(found.rule, path))


def _named(rule: str, path: str) -> str:
    """Return what the rule is about, with the name where it is about several."""
    row = TABLE[rule]
    return f"`{path}`: {row.about}" if row.names and "`" not in row.about else row.about


def tell_missing(draft: Draft, path: str, offset: int, api: Api) -> None:
    """Tell that the name is not in the release: by the rule that knows it, or as unresolved."""
    rule = target(path, api).rule
    if rule:
        draft.tell(rule, offset, _named(rule, path))
    elif path.startswith("tensorflow"):
        draft.tell(_TF1, offset, f"TensorFlow {api.release} has no `{path}`.")
    elif name := next((part for part in path.split(".")[2:] if part in _HELD), ""):
        draft.tell(_INCIDENTAL, offset, f"`{name}` is no name of Keras: its module happened to import it.",
                   f"import {_HELD[name]}")
    else:
        draft.tell(_UNRESOLVED, offset, f"TensorFlow {api.release} has no `tensorflow.{path}`.")


def _use(draft: Draft, use: Use, api: Api, added: Added) -> None:
    source, binding = draft.source, use.binding
    if merges.is_function(source, use) or use.path in backend.NAMES:
        return
    if not binding.target:
        return  # told at the import
    begin, end = source.spans[use.node]
    found = target(use.path, api)
    if not found.path:
        tell_missing(draft, use.path, begin, api)
        return
    if not use.tail.endswith(_SAME) and not binding.target.startswith("keras."):
        _told_too(draft, use.path, found, begin)
    if found.path == binding.target + use.tail:
        return
    if not use.sure or any(target(other, api).path != found.path for other in use.others):
        turns = f"`{use.base.value}` means different things by turns, so that `{source.code(use.node)}` stays as it is."
        draft.tell("names/ambiguous", begin, turns)
        return
    rule = found.rule if found.rule != PREFIX else "imports/private-copy"
    if "#" in source.code(use.node):
        draft.tell(rule, begin, f"There is a comment within what is `{found.path}` now.", "write it anew by hand")
        return
    if (text := reach(found.path, use, added)) and source.code(use.node) != text:
        draft.rewrite(rule, begin, end, (begin, end, text))
    elif not text:
        draft.tell(rule, begin, f"`{source.code(use.node)}` is `{found.path}` now, which this file has no name for.",
                   f"import it, and write {found.path}")


def reach(path: str, use: Use, added: Added) -> str:
    """Return how to write that dotted name where the use stands; nothing if no name for it can be had."""
    base = use.binding
    if path == base.target or path.startswith(base.target + "."):
        return use.base.value + path[len(base.target):]
    return added.reach(path, use.scope, use.node)

