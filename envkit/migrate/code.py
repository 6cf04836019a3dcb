"""Python source from standalone Keras to `tf.keras`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.outcome import Outcome

if TYPE_CHECKING:
    from envkit.migrate.api import Api


def migrate(source: bytes, api: Api, *, off: frozenset[str] = frozenset()) -> Outcome:
    """Return what comes of a file of Python source.

    Args:
        source: All of it.
        api: The release aimed at.
        off: Ids of rules that are switched off.
    """
    if b"keras" not in source:
        return Outcome(source)
    from envkit.migrate import transform

    return transform.transform(source, api, off)
