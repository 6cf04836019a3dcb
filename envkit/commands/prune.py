"""`prune`: what envkit made, nobody uses, and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import names, state
from envkit.engines import connect, endpoint, leftovers
from envkit.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.report import Progress

    Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed.

    Attributes:
        removed: Each thing, in the engine's words.
        freed_bytes: How much space its images and volumes took.
    """

    removed: tuple[str, ...]
    freed_bytes: int


def prune() -> Report[Pruned]:
    """Remove images no environment needs, and containers and networks that no environment remembers.

    Volumes of environments that are down are in use: only `down --volumes` removes those.

    Raises:
        EngineUnavailable: Nothing answers.
    """
    at = endpoint.endpoint()
    engine = connect.connect(at)
    owner = os.getuid()
    remembered = {names.container(owner, one.name) for _, one in state.all_of(at)}
    kept_bases = {one.base_id for _, one in state.all_of(at)}
    removed, freed = leftovers.remove(engine, owner, remembered, kept_bases)
    return Report("prune", "", Pruned(tuple(removed), freed))
