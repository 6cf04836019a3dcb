"""Arms of `try` and `if` that were for one Keras or another, and say the same after the rewrite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.draft import Draft


def tell(draft: Draft) -> None:
    """Tell of each arm that came to be like the one before it."""
    for first, other in _arms(draft):
        before = [draft.source.code(one).strip() for one in (first, other)]
        after = [draft.rendered(one).strip() for one in (first, other)]
        if before[0] != before[1] and after[0] == after[1]:
            draft.tell("names/equal-arms", draft.source.start(other.body[0]))


def _arms(draft: Draft) -> Iterator[tuple[cst.BaseSuite, cst.BaseSuite]]:
    for attempt in draft.source.all(cst.Try):
        for handler in attempt.handlers:
            yield attempt.body, handler.body
    for choice in draft.source.all(cst.If):
        if isinstance(choice.orelse, cst.Else):
            yield choice.body, choice.orelse.body
