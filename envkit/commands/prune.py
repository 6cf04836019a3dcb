"""`prune`: what envkit made, nobody uses, and nothing else."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from envkit import files, names, state
from envkit.engines import connect, endpoint, unused
from envkit.errors import Refusal
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from envkit.state import Place


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be.

    Attributes:
        removed: Each thing, in the engine's words.
        freed_bytes: How much space its images took; of what is only foretold, at most.
        foretold: Whether nothing was done.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    foretold: bool = False


def prune(*, dry_run: bool, say: Callable[[Progress], None]) -> Report[Pruned]:
    """Remove images no environment needs, and containers and networks that no environment remembers.

    Volumes of environments that are down are in use: only `down --volumes` removes those.

    Args:
        dry_run: Whether it is only foretold.
        say: Gets the news.

    Raises:
        EngineUnavailable: Nothing answers.
        Refusal: Another envkit works: what it has just made, nobody seems to use yet.
    """
    at = endpoint.endpoint()
    engine = connect.connect(at)
    owner = os.getuid()
    with _at_rest(at):
        known = [one for _, one in state.all_of(at)]
        remembered = {names.container(owner, one.name) for one in known}
        kept_bases, kept_images = {one.base_id for one in known}, {one.image_ref for one in known}
        say(Progress("prune", "looking for what nobody uses"))
        found = unused.find(engine, owner, remembered, kept_bases, kept_images)
        if dry_run:
            foretold = Pruned(tuple(map(str, found)), unused.weight(engine, found), foretold=True)
            return Report("prune", "", foretold)
        removed, freed = unused.remove(engine, found, say)
    return Report("prune", "", Pruned(tuple(removed), freed))


@contextmanager
def _at_rest(at: str) -> Iterator[None]:
    """Hold every environment's lock; waiting for one would keep all the others waiting too."""
    with ExitStack() as held:
        for place in state.places(at):
            if place.lock.is_file():
                held.enter_context(files.locked(place.lock, partial(_busy, place)))
        yield


def _busy(place: Place) -> NoReturn:
    raise Refusal(
        f"another envkit works on the environment in {place.folder}", mend="repeat the command when it is done"
    )
