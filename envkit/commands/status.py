"""`status`: your environments, where they answer, and what the last probe found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import names, state
from envkit.commands import reach
from envkit.commands.project import is_gone, no_environment, removal
from envkit.engines import connect, endpoint, look
from envkit.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.found import FoundContainer
    from envkit.model.state import State


@dataclass(frozen=True, slots=True)
class Row:
    """One environment.

    Attributes:
        name: Its name.
        owner: UID of the user it belongs to.
        status: The engine's word for its container's state, or `down`.
        url: JupyterLab's address while it runs and has one.
        size_bytes: Of its image, all layers; environments with the same plan share it.
        project: Its project folder, where that is known to the caller.
        verdict: The last verdict of the probe, or that nothing is proven of it as it is now.
        mend: The command that removes it, where its project folder is gone; else empty.
    """

    name: str
    owner: int
    status: str
    url: str = ""
    size_bytes: int = 0
    project: str = ""
    verdict: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Environments:
    """All that were found, by name."""

    rows: tuple[Row, ...]


def status(*, everybody: bool = False, name: str | None = None) -> Report[Environments]:
    """List environments: the caller's, or everybody's; two calls to the engine, however many there are.

    Raises:
        EngineUnavailable: Nothing answers.
        Refusal: There is none of that name.
    """
    at = endpoint.endpoint()
    engine = connect.connect(at)
    owner = os.getuid()
    remembered = {one.name: one for _, one in state.all_of(at)}
    found = look.environments(engine, None if everybody else owner)
    sizes = look.image_sizes(engine) if found else {}
    rows = [_row(one, remembered, owner, sizes, at) for one in found if names.NAME in one.labels]
    running = {row.name for row in rows if row.owner == owner}
    rows += [
        Row(one.name, owner, "down", project=one.project, verdict=_verdict(one), mend=_mend(one))
        for one in remembered.values()
        if one.name not in running
    ]
    chosen = sorted((row for row in rows if name in {None, row.name}), key=lambda row: (row.name, row.owner))
    if name is not None and not chosen:
        raise no_environment(name)
    return Report("status", name or "", Environments(tuple(chosen)))


def _row(
    found: FoundContainer, remembered: Mapping[str, State], owner: int, sizes: Mapping[str, int], at: str
) -> Row:
    labels = found.labels
    whose = int(labels[names.OWNER]) if labels.get(names.OWNER, "").isdecimal() else -1
    mine = remembered.get(labels[names.NAME]) if whose == owner else None
    published = labels.get(names.PORT, "") if found.status == "running" else ""
    # JupyterLab may listen on a socket alone; a port of another machine is brought here for its owner alone.
    port = reach.here(at, mine.forwarded if mine else {}, int(published)) if published.isdecimal() else 0
    url = f"http://127.0.0.1:{port}/lab" if port else ""
    return Row(
        name=labels[names.NAME],
        owner=whose,
        status=found.status,
        url=url,
        size_bytes=sizes.get(found.image_id, 0),
        project=mine.project if mine else "",
        verdict=_verdict(mine) if mine else "",
        mend=_mend(mine) if mine else "",
    )


def _verdict(remembered: State) -> str:
    """Return what was proven, only as long as that is true of the environment as it is now."""
    if is_gone(remembered.project):
        return "not proven: folder gone"
    if remembered.proven:
        return remembered.verdict
    return f"not proven: {remembered.verdict}" if remembered.verdict else "not proven"


def _mend(remembered: State) -> str:
    """Return the command that removes an environment that no folder leads to any more."""
    return removal(remembered.name) if is_gone(remembered.project) else ""
