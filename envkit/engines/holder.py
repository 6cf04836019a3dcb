"""Who holds a port of loopback: the system shows one process for all containers, and that to root alone."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from envkit import names, net, state
from envkit.engines.endpoint import named
from envkit.engines.failure import translated
from envkit.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envkit.engines.connect import Engine

COLLIDING = {"", "0.0.0.0", "::", "::1", "127.0.0.1"}  # noqa: S104 - addresses that an engine publishes at


def holder(engine: Engine | None, at: str, port: int, seen: str) -> str:
    """Say who holds a port: a container of the engine, else who was seen.

    Args:
        engine: The engine; without one, an environment that had the port is taken for it where nobody was seen.
        at: The engine's address.
        port: The port.
        seen: What the system says of it, as `net.port_holder` does.
    """
    if engine is not None:
        with suppress(EngineError):
            return _published(engine, port) or seen
    if seen != net.UNSEEN:
        return seen
    had = (one.name for _, one in state.all_of(at) if port in {one.port, one.ssh_port})
    return next((yours(name) for name in had), seen)


def yours(name: str) -> str:
    """Return the words for an environment of the caller's, with what frees its ports."""
    return f"your environment {name} (envkit down --name {name}{named()})"


def _published(engine: Engine, port: int) -> str:
    with translated("listing containers"):
        listed = engine.api.containers()
    return next((_who(one) for one in listed if any(_is(given, port) for given in one.get("Ports") or ())), "")


def _is(given: Mapping[str, Any], port: int) -> bool:
    tcp = given.get("Type") == "tcp" and given.get("PublicPort") == port
    return tcp and given.get("IP", "") in COLLIDING


def _who(container: Mapping[str, Any]) -> str:
    labels = container.get("Labels") or {}
    if labels.get(names.MANAGED) == "1" and names.NAME in labels:
        owner, name = labels.get(names.OWNER, ""), labels[names.NAME]
        return yours(name) if owner == str(os.getuid()) else f"the environment {name} of user {owner}"
    title = next(iter(container.get("Names") or ()), container["Id"][:12])
    return f"the container {title.removeprefix('/')}"
