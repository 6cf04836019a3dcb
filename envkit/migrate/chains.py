"""Uses of what is imported: chains of attributes that lead somewhere else now, and names that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate import merges
from envkit.migrate.bindings import visible
from envkit.migrate.names import PREFIX, target

if TYPE_CHECKING:
    from envkit.migrate.added import Added
    from envkit.migrate.api import Api
    from envkit.migrate.bindings import Binding, Bound, Use
    from envkit.migrate.draft import Draft

_UNRESOLVED = "names/unresolved"
_TF1 = "tensorflow-1/symbol"


def rewrite(draft: Draft, bound: Bound, api: Api, added: Added) -> None:
    """Rewrite every chain that moved; tell of every name that does not resolve."""
    for binding in bound.bindings:
        _binding(draft, binding, api)
    for use in bound.uses:
        if use.tail:
            _use(draft, use, api, added)
    for name in bound.leaked:
        draft.tell("imports/star", draft.source.start(name), f"`{name.value}` is bound nowhere in this file, and "
                   "the star of `tensorflow.keras` does not bring it either.")


def _binding(draft: Draft, binding: Binding, api: Api) -> None:
    if binding.target or binding.instead or binding.alias is None:
        return
    tell_missing(draft, canonical_of(binding), draft.source.start(binding.alias), api)


def canonical_of(binding: Binding) -> str:
    """Return what the binding means, as standalone Keras had it."""
    from envkit.migrate.names import canonical

    return canonical(binding.path)


def tell_missing(draft: Draft, path: str, offset: int, api: Api) -> None:
    """Tell that the name is not in the release: by the rule that knows it, or as unresolved."""
    rule = target(path, api).rule
    if rule:
        draft.tell(rule, offset)
    elif path.startswith("tensorflow"):
        draft.tell(_TF1, offset, f"TensorFlow {api.release} has no `{path}`.")
    else:
        draft.tell(_UNRESOLVED, offset, f"TensorFlow {api.release} has no `tensorflow.{path}`.")


def _use(draft: Draft, use: Use, api: Api, added: Added) -> None:
    source, binding = draft.source, use.binding
    if merges.is_function(source, use):
        return
    if not binding.target:
        return  # told at the import
    begin, end = source.spans[use.node]
    found = target(use.path, api)
    if not found.path:
        tell_missing(draft, use.path, begin, api)
        return
    if found.path == binding.target + use.tail:
        return
    if not use.sure:
        draft.tell("names/ambiguous", begin, f"`{use.base.value}` means different things by turns, so that "
                   f"`{source.code(use.node)}` was left as it is.")
        return
    rule = found.rule if found.rule != PREFIX else "imports/private-copy"
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
    return added.reach(path, use)


__all__ = ["canonical_of", "reach", "rewrite", "tell_missing", "visible"]
