"""Python source from standalone Keras to `tf.keras`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.outcome import Outcome

if TYPE_CHECKING:
    from envkit.migrate.tf_api import Api


def migrate(content: bytes, api: Api, *, disabled_rules: frozenset[str] = frozenset()) -> Outcome:
    """Return what comes of a file of Python source.

    Args:
        content: All of it.
        api: The release aimed at.
        disabled_rules: Ids of rules that are switched off.
    """
    if b"keras" not in content:
        return Outcome(content)
    from envkit.migrate.python import pipeline

    return pipeline.transform(content, api, disabled_rules)
