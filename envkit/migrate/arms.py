"""Arms of `try` and `if` that were for one Keras or another, and say the same after the rewrite."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.bindings import Bound
    from envkit.migrate.draft import Draft

_OF_VERSIONS = re.compile(r"keras|version", re.IGNORECASE)


def tell(draft: Draft, bound: Bound) -> None:
    """Tell of each arm that came to be like the one before it, now or when the file was rewritten."""
    imports = {one.statement for one in [*bound.bindings, *bound.stars]}
    for first, other, chosen in _arms(draft):
        after = [draft.rendered(one).strip() for one in (first, other)]
        if after[0] != after[1]:
            continue
        before = [draft.source.code(one).strip() for one in (first, other)]
        if before[0] != before[1] or _is_of_versions(draft, other, imports, chosen):
            draft.tell("names/equal-arms", draft.source.start(other.body[0]))


def _is_of_versions(
    draft: Draft, arm: cst.BaseSuite, imports: set[cst.Import | cst.ImportFrom], chosen: cst.BaseExpression | None
) -> bool:
    """Whether arms were for one Keras or another: by what chooses; of a `try`, which may try again, by its import."""
    if chosen is not None:
        return _OF_VERSIONS.search(draft.source.code(chosen)) is not None
    return any(arm in draft.source.above(one) for one in imports)


def _arms(draft: Draft) -> Iterator[tuple[cst.BaseSuite, cst.BaseSuite, cst.BaseExpression | None]]:
    for attempt in draft.source.all(cst.Try):
        for handler in attempt.handlers:
            yield attempt.body, handler.body, None
    for choice in draft.source.all(cst.If):
        if isinstance(choice.orelse, cst.Else):
            yield choice.body, choice.orelse.body, choice.test
