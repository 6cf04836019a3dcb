"""Find the owner of a loopback port; the system shows one process for all containers, and shows it only to root."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from envkit import naming, state
from envkit.backends.endpoint import engine_flag
from envkit.errors import EngineError
from envkit.net import ports

if TYPE_CHECKING:
    from envkit.backends.backend import Backend
    from envkit.model.backend import PortPublisher


def find_owner(backend: Backend | None, endpoint: str, port: int, listener: str) -> str:
    """Describe the owner of a port: a container of the engine, or else the listening process.

    Args:
        backend: Backend to ask. If it is None and the process is unknown, an environment that last used the port is
            assumed to own it.
        endpoint: Address of the engine.
        port: Port number.
        listener: The listening process, as `net.ports.listener` describes it.
    """
    if backend is not None:
        with suppress(EngineError):
            publisher = backend.port_publisher(port)
            return _describe_publisher(publisher) if publisher else listener
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


def _describe_publisher(publisher: PortPublisher) -> str:
    labels = publisher.labels
    if labels.get(naming.MANAGED) == "1" and naming.NAME in labels:
        owner, name = labels.get(naming.OWNER, ""), labels[naming.NAME]
        return describe_environment(name) if owner == str(os.getuid()) else f"the environment {name} of user {owner}"
    return f"the container {publisher.name}"
