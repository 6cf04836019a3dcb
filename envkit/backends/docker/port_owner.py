"""Find the owner of a loopback port; the system shows one process for all containers, and shows it only to root."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from envkit import naming, state
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.backends.endpoint import engine_flag
from envkit.errors import EngineError
from envkit.net import ports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envkit.backends.docker.client import Engine

LOOPBACK = {"", "0.0.0.0", "::", "::1", "127.0.0.1"}  # noqa: S104 - addresses that an engine publishes on


def find_owner(engine: Engine | None, endpoint: str, port: int, listener: str) -> str:
    """Describe the owner of a port: a container of the engine, or else the listening process.

    Args:
        engine: Engine to ask. If it is None and the process is unknown, an environment that last used the port is
            assumed to own it.
        endpoint: Address of the engine.
        port: Port number.
        listener: The listening process, as `net.ports.listener` describes it.
    """
    if engine is not None:
        with suppress(EngineError):
            return _find_publisher(engine, port) or listener
    if listener != ports.UNKNOWN_PROCESS:
        return listener
    environments = (
        saved_state.name
        for _, saved_state in state.environments(endpoint)
        if port in {saved_state.port, saved_state.ssh_port}
    )
    return next((describe_environment(name) for name in environments), listener)


def describe_environment(name: str) -> str:
    """Describe an environment of the caller, with the command that frees its ports."""
    return f"your environment {name} (envkit down --name {name}{engine_flag()})"


def _find_publisher(engine: Engine, port: int) -> str:
    with translate_errors("listing containers"):
        containers = engine.api.containers()
    return next(
        (
            _describe_container(container)
            for container in containers
            if any(_publishes(mapping, port) for mapping in container.get("Ports") or ())
        ),
        "",
    )


def _publishes(mapping: Mapping[str, Any], port: int) -> bool:
    matches = mapping.get("Type") == "tcp" and mapping.get("PublicPort") == port
    return matches and mapping.get("IP", "") in LOOPBACK


def _describe_container(container: Mapping[str, Any]) -> str:
    labels = container.get("Labels") or {}
    if labels.get(naming.MANAGED) == "1" and naming.NAME in labels:
        owner, name = labels.get(naming.OWNER, ""), labels[naming.NAME]
        return describe_environment(name) if owner == str(os.getuid()) else f"the environment {name} of user {owner}"
    container_name = next(iter(container.get("Names") or ()), container["Id"][:12])
    return f"the container {container_name.removeprefix('/')}"
