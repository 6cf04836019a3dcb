"""The ports of 127.0.0.1 an environment is published at: asked for, kept from before, or picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import names
from envkit.model.entrance import Port
from envkit.resolve import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts
    from envkit.model.found import Found, FoundContainer
    from envkit.model.state import State

HOLDING = {"running", "paused", "restarting"}  # states in which a container keeps its ports


@dataclass(frozen=True, slots=True)
class _Wish:
    """A port to be found: its key, what the config asks for, and what it was before."""

    key: str
    container: int
    asked: int | None
    kept: int


def ports(
    config: Config, project: str, facts: Facts, found: Found, state: State | None, problems: list[Problem]
) -> tuple[Port, ...]:
    """Decide where an environment is published, each server at a port of its own."""
    held = _held(found.container, facts.caller.uid, project)
    busy, chosen = dict(facts.busy_ports), list[Port]()
    for wish in _wishes(config, state, held):
        port = choices.port(wish.asked, wish.kept, busy, held=held.values(), key=wish.key, first=wish.container)
        if port is None:
            who = busy.get(wish.asked or 0) or "somebody"
            message = f"port {wish.asked} is taken by {who}; free it, choose another, or leave the key out"
            problems.append(config.problem(wish.key, message))
            continue
        chosen.append(Port(port, wish.container))
        held = {label: one for label, one in held.items() if one != port}
        busy[port] = "another server of this environment"
    return tuple(chosen)


def _wishes(config: Config, state: State | None, held: Mapping[str, int]) -> tuple[_Wish, ...]:
    # A container whose state was lost keeps its ports too.
    kept = (state.port, state.ssh_port) if state else (held.get(names.PORT, 0), held.get(names.PORT_OF_SSH, 0))
    jupyter = _Wish("jupyter.port", names.JUPYTER_PORT, config.jupyter.port, kept[0])
    ssh = _Wish("ssh.port", names.SSH_PORT, config.ssh.port, kept[1])
    return (*(() if config.jupyter.socket else (jupyter,)), *((ssh,) if config.ssh.publish else ()))


def _held(container: FoundContainer | None, owner: int, project: str) -> dict[str, int]:
    """Return the ports our own container holds, by label."""
    if container is None or container.status not in HOLDING or not names.ours(container.labels, owner, project):
        return {}
    found = {label: container.labels.get(label, "") for label in (names.PORT, names.PORT_OF_SSH)}
    return {label: int(port) for label, port in found.items() if port.isdecimal()}
