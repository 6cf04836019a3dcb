"""The way of one file: read it, find what it uses of Keras, rewrite, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate import (
    arms,
    backend,
    behaviour,
    bindings,
    calls,
    chains,
    failing,
    imports,
    lints,
    merges,
    methods,
    source,
)
from envkit.migrate.added import Added
from envkit.migrate.draft import Draft
from envkit.migrate.look import Look
from envkit.migrate.outcome import Outcome

if TYPE_CHECKING:
    from envkit.migrate.api import Api


def transform(content: bytes, api: Api, off: frozenset[str]) -> Outcome:
    """Return what comes of a file that has to do with Keras."""
    try:
        text, encoding = source.decoded(content)
        python = source.parsed(text)
        if python is not None and not bindings.imports(python):
            return Outcome(content)
        read = source.read(text)
        return transformed(content, read, encoding, api, off)
    except RecursionError:
        deep = source.TooDeep()
        return Outcome(content, unreadable=deep.why, mend=deep.mend)
    except source.Unreadable as error:
        return Outcome(content, unreadable=error.why, mend=error.mend)


def transformed(
    content: bytes, read: source.Source, encoding: str, api: Api, off: frozenset[str] = frozenset()
) -> Outcome:
    """Return what comes of a file that was read."""
    bound = bindings.bound(read, api)
    draft = Draft(read, off)
    if bound.bindings or bound.stars:
        imports.settle(bound, api)
        merges.settle(read, bound)
        added = Added(draft, bound)
        imports.rewrite(draft, bound, api)
        chains.rewrite(draft, bound, api, added)
        calls.rewrite(draft, bound, api)
        backend.rewrite(draft, bound, added)
        methods.rewrite(draft, bound)
        arms.tell(draft, bound)
        look = Look(draft, bound)
        failing.tell(look)
        behaviour.tell(look)
        lints.tell(look)
    rewrites = draft.rewrites()
    return Outcome(draft.text().encode(encoding) if rewrites else content, rewrites, draft.notes())
