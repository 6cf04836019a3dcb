"""`down`: no container and no network stays; `--volumes`: no volume and no state either."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import decide, files, names, state, tunnel
from envkit.commands import access, apply, reach, synced
from envkit.engines import leftovers, look
from envkit.errors import EngineError
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.project import Known
    from envkit.engines.connect import Engine
    from envkit.model.found import Found

    Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Down:
    """What was taken away.

    Attributes:
        name: The environment's name.
        removed: Each thing, in the engine's words for it, and what `ssh-config --install` wrote.
        kept: What a next `up` finds again.
    """

    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def down(known: Known, *, volumes: bool, say: Say, discard: bool = False) -> Report[Down]:
    """Take an environment away; workspace and image stay.

    Args:
        known: The environment.
        volumes: Whether its volumes and its state go too.
        say: Gets the news.
        discard: Whether the workspace's copy on another machine may go with what it alone holds.

    Raises:
        EngineError: The engine would not remove something; what it removed is gone.
        Refusal: The container of that name belongs to somebody else, or what is not copied back would be lost.
    """
    engine = known.connect()
    with files.locked(known.place.lock, lambda: say(Progress("wait", "another envkit works on this; waiting"))):
        found = look.surroundings(engine, known.container, ())
        steps = decide.down(known.name, known.owner, known.project, found, volumes=volumes)
        if tunnel.is_remote(known.endpoint):
            _leave(known, engine, found, volumes=volumes, discard=discard, say=say)
        with suppress(EngineError):  # a network goes only when nobody is on it, and says so otherwise
            leftovers.sweep(engine, known.owner)
        for one in steps:
            apply.remove(one, engine, say)
        # A folder with nothing but the lock was made by this command, for an environment without state.
        if volumes or list(known.place.folder.iterdir()) == [known.place.lock]:
            state.forget(known.place)
    removed = tuple(f"{type(one).__name__.removeprefix('Remove').lower()} {one.name}" for one in steps)  # type: ignore[union-attr]
    included = access.uninstall_ssh_config(known.place) if volumes else None
    removed += (f"its line in {included}",) if included else ()
    mine = (name for name, one in found.volumes.items() if names.ours(one.labels, known.owner, known.project))
    kept = () if volumes else tuple(sorted(mine))
    return Report("down", known.name, Down(known.name, removed, kept))


def _leave(known: Known, engine: Engine, found: Found, *, volumes: bool, discard: bool, say: Say) -> None:
    """Bring back from another machine what is there alone, and take back the ports that lead there."""
    if not (volumes and discard):
        synced.bring_back(known, engine, found=found, last=volumes, say=say)
    reach.release(known.endpoint, known.state.forwarded)
