"""`sync`: what changed in the workspace and in its copy on another machine's engine, brought to the other side."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import files, names, tunnel
from envkit import sync as rules
from envkit.commands import carried
from envkit.commands.project import FILE, Known
from envkit.engines import look
from envkit.errors import EngineError, EnvkitError, Refusal
from envkit.model.report import Progress, Report
from envkit.observe import trees
from envkit.resolve import far
from envkit.sync import Agreed, Entry, Moves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.commands.project import Project
    from envkit.engines.connect import Engine
    from envkit.model.found import Found
    from envkit.model.state import State
    from envkit.observe.trees import Side

    Say = Callable[[Progress], None]

RECORD = "agreed.json"
RECORD_MAX_BYTES = 512 << 20
CONFIGS = (FILE, "envkit.lock")
ROUNDS = 4  # what is set aside can uncover little
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Synced:
    """What was copied, or would be.

    Attributes:
        name: The environment's name.
        pushed: Paths that were copied to the other machine.
        pulled: Paths that came from there.
        removed: Paths removed here, because they were deleted there.
        removed_there: Paths removed there, because they were deleted here.
        conflicts: What had changed on both sides, by the name that the other machine's version has now.
        left: What is neither copied nor touched: links that lead out, sockets and the like.
        missed: What changed while it was copied; the next time brings it.
        foretold: Whether nothing was done.
    """

    name: str
    pushed: tuple[str, ...] = ()
    pulled: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    removed_there: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    foretold: bool = False


def known(project: Project, remembered: State) -> Known:
    """Return the environment of a project that is being brought up."""
    return Known(remembered.name, project.folder, os.getuid(), project.place, remembered, project.endpoint)


def run(known: Known, *, dry_run: bool, say: Say) -> Report[Synced]:
    """Copy both ways what changed, for the verb.

    Raises:
        Refusal: The engine is on this machine, where both are one; or the environment is down.
        EngineError: It could not be copied.
    """
    if not tunnel.is_remote(known.endpoint):
        raise Refusal(
            "the engine is on this machine, where the workspace itself is mounted: there is nothing to copy",
            mend="envkit sync --engine ssh://… is for engines on other machines",
        )
    with files.locked(known.place.lock, lambda: say(Progress("wait", "another envkit works on this; waiting"))):
        engine = known.connect()
        if not running(known, engine):
            raise Refusal(f"the environment {known.name} is down, and its copy with it", mend=known.mend)
        return Report("sync", known.name, sync(known, engine, say=say, dry_run=dry_run))


def running(known: Known, engine: Engine) -> bool:
    """Say whether the copy can be looked at: by a program in the container."""
    found = look.container(engine, known.container)
    return found is not None and found.status == "running"


def sync(known: Known, engine: Engine, *, say: Say, dry_run: bool = False) -> Synced:
    """Copy both ways what changed since the last time; what changed on both sides stays on both.

    Raises:
        EngineError: It could not be copied; what was is whole, and the next time goes on.
        Refusal: There is no rsync on this machine, or the workspace cannot be read.
    """
    title = known.container
    here, there = trees.here(known.state.workspace or known.project), trees.there(engine, title)
    volume = look.surroundings(engine, title, ()).volumes.get(names.volume(title, far.WORKSPACE))
    top, own = here.tree()
    which = f"{top} {volume.created if volume else ''}"
    agreed, aside = _agreed(known, which), dict[str, str]()
    for _ in range(ROUNDS):
        copy = there.tree()[1]
        moves = rules.moves(own, copy, agreed, equal=_equal(here, there, own, copy, agreed), guarded=_guarded(known))
        if dry_run or not moves.aside:
            break
        there.set_aside(moves.aside)
        aside.update(moves.aside)
    if dry_run:
        return _told(known, moves, (), tuple(moves.aside.values()), foretold=True)
    if moves.aside:
        raise EngineError("the copy of the workspace does not settle: something keeps changing it", mend="repeat it")
    missed: tuple[str, ...] = ()
    after = own, copy
    if moves:
        say(Progress("sync", f"copying {len(moves.push)} there and {len(moves.pull)} back"))
        missed = carried.carry(known, moves, (here, there), (own, copy))
        # A side that nothing was brought to is as it was, as far as this goes.
        after = (
            here.tree()[1] if moves.pull or moves.remove_here else own,
            there.tree()[1] if moves.push or moves.remove_there else copy,
        )
    _keep(known, which, rules.settled(moves, agreed, (own, after[0]), (copy, after[1])))
    return _told(known, moves, missed, tuple(aside.values()), foretold=False)


def bring_back(known: Known, engine: Engine, *, found: Found, last: bool, say: Say) -> None:
    """Copy back what only the other machine has, before an environment is taken away.

    Args:
        known: The environment.
        engine: Where it is.
        found: What the engine holds of it.
        last: Whether the copy goes too: then all of it has to be here.
        say: Gets the news.

    Raises:
        Refusal: The copy goes, and it may hold what is not here.
    """
    volume = found.volumes.get(names.volume(known.container, far.WORKSPACE))
    record = _record(known)
    if volume is None or not record["which"].endswith(f" {volume.created}"):
        return  # nothing was ever copied there
    why, back = "it does not run", found.container is None and record["back"] is True
    if found.container is not None and found.container.status == "running":
        try:
            done = sync(known, engine, say=say)
            back, why = not done.missed, f"these changed meanwhile: {_few(done.missed)}"
            for told in remarks(done):
                say(Progress("sync", told, done=True))
        except EnvkitError as error:
            why = error.message
    files.write(known.place.folder / RECORD, json.dumps({**_record(known), "back": back}).encode())
    if not back and last:
        raise Refusal(
            f"the workspace's copy of {known.name} on the other machine may hold what is not here: {why}",
            mend="envkit up, then envkit down --volumes; or envkit down --volumes --discard gives it up",
        )
    if not back:
        say(Progress("sync", f"not copied back, its volume keeps it: {why}", done=True))


def remarks(done: Synced) -> tuple[str, ...]:
    """Return what somebody should know of it."""
    told = [f"{one}: changed here and there; this is the other machine's version" for one in done.conflicts]
    if done.left:
        told.append(f"not copied, being links that lead out of the workspace, or no files: {_few(done.left)}")
    if done.missed:
        told.append(f"changed while it was copied; envkit sync brings it: {_few(done.missed)}")
    return tuple(told)


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more


def _equal(
    here: Side, there: Side, own: Mapping[str, Entry], copy: Mapping[str, Entry], agreed: Mapping[str, Agreed]
) -> set[str]:
    """Return the files that changed on both sides and are the same."""
    paths = [one for one in rules.doubtful(own, copy, agreed) if own[one].size == copy[one].size]
    if not paths:
        return set()
    ours, theirs = here.digests(paths), there.digests(paths)
    return {path for path in paths if ours.get(path) and ours.get(path) == theirs.get(path)}


def _guarded(known: Known) -> set[str]:
    """Return the config files as paths of the workspace: what runs inside must not change them."""
    workspace, project = Path(known.state.workspace or known.project), Path(known.project)
    if not project.is_relative_to(workspace):
        return set()
    return {str(project.relative_to(workspace) / one) for one in CONFIGS}


def _record(known: Known) -> dict[str, Any]:
    """Read what was kept the last time; what is damaged counts as nothing, and then nothing counts as deleted."""
    content = files.read(known.place.folder / RECORD, RECORD_MAX_BYTES)
    try:
        given = json.loads(content or b"null")
        return {"which": str(given["which"]), "back": given["back"] is True, "paths": dict(given["paths"])}
    except (ValueError, TypeError, KeyError):
        return {"which": "", "back": False, "paths": {}}


def _agreed(known: Known, which: str) -> dict[str, Agreed]:
    """Return what was agreed the last time, if it was between these two folders."""
    record = _record(known)
    try:
        paths = record["paths"] if record["which"] == which else {}
        return {path: (Entry(*own), Entry(*other)) for path, (own, other) in paths.items()}
    except (ValueError, TypeError):
        return {}


def _keep(known: Known, which: str, agreed: Mapping[str, Agreed]) -> None:
    record = json.dumps({"which": which, "back": False, "paths": agreed}).encode()
    if files.read(known.place.folder / RECORD, RECORD_MAX_BYTES) != record:
        files.write(known.place.folder / RECORD, record)


def _told(
    known: Known, moves: Moves, missed: tuple[str, ...], aside: tuple[str, ...], *, foretold: bool
) -> Synced:
    return Synced(
        known.name, moves.push, moves.pull, moves.remove_here, moves.remove_there, aside, moves.left, missed, foretold
    )
