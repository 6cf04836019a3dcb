"""Map ports of the engine's machine to local ports: the same port, or a forwarded one if the engine is remote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit import backends, host, naming, ssh_tunnel, state
from envkit.errors import PreconditionError
from envkit.model.facts import HostGpu
from envkit.net import ports
from envkit.observe import port_owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PORT_TRIES = 200


def local_port(endpoint: str, forwarded_ports: Mapping[str, int], engine_port: int) -> int:
    """Return the local loopback port for a port of the engine's machine, or 0 if there is none.

    With a remote engine, a port counts only while envkit's own SSH connection holds it.

    Args:
        endpoint: Endpoint of the engine.
        forwarded_ports: Saved local ports by port of the engine's machine.
        engine_port: Port of the engine's machine; 0 for none.
    """
    if not engine_port or not ssh_tunnel.is_remote(endpoint):
        return engine_port
    port = forwarded_ports.get(str(engine_port), 0)
    return port if port and ssh_tunnel.forward_port(endpoint, port, engine_port) else 0


def forward(
    endpoint: str, forwarded_ports: Mapping[str, int], engine_port: int, requested_port: int | None
) -> dict[str, int]:
    """Forward a local loopback port to a port of the engine's machine; return the mapping to save.

    Args:
        endpoint: Endpoint of the engine.
        forwarded_ports: Saved local ports by port of the engine's machine.
        engine_port: Port of the engine's machine.
        requested_port: Local port from the configuration, or None for any.

    Raises:
        PreconditionError: The requested port is taken on this machine, or no port is free.
    """
    for other_port, port in forwarded_ports.items():
        if other_port != str(engine_port) or (requested_port and port != requested_port):
            ssh_tunnel.cancel_forward(endpoint, port, int(other_port))
    if local_port(endpoint, forwarded_ports, engine_port) and requested_port in {
        None,
        forwarded_ports[str(engine_port)],
    }:
        return {str(engine_port): forwarded_ports[str(engine_port)]}
    for port in (requested_port,) if requested_port else _candidate_ports(engine_port):
        if ssh_tunnel.forward_port(endpoint, port, engine_port):
            return {str(engine_port): port}
    raise PreconditionError(
        f"no port of 127.0.0.1 can be forwarded to {endpoint}"
        if not requested_port
        else f"jupyter.port: port {requested_port} is taken on this machine by {_port_owner(endpoint, requested_port)}",
        code="port-taken",
        hint="free a port, or set jupyter.port in envkit.yaml to a port that is free on both machines",
    )


def _port_owner(endpoint: str, port: int) -> str:
    environment_names = (
        saved_state.name for _, saved_state in state.environments(endpoint) if port in saved_state.forwarded.values()
    )
    return next((port_owner.describe_environment(name) for name in environment_names), "") or ports.listener(port)


def release(endpoint: str, forwarded_ports: Mapping[str, int]) -> None:
    """Cancel all port forwards of an environment."""
    for engine_port, port in forwarded_ports.items():
        ssh_tunnel.cancel_forward(endpoint, port, int(engine_port))


def host_gpu(endpoint: str) -> HostGpu:
    """Return facts about GPUs of the engine's machine, which are empty for a remote engine."""
    return HostGpu() if ssh_tunnel.is_remote(endpoint) else host.gpu()


def close_idle_tunnel(endpoint: str) -> None:
    """Close the SSH connection to a remote engine unless a running environment needs it."""
    container_names = (
        naming.container(os.getuid(), saved_state.name) for _, saved_state in state.environments(endpoint)
    )
    if not any(backends.fast(endpoint).running_container(container_name) for container_name in container_names):
        ssh_tunnel.release(endpoint)


def _candidate_ports(engine_port: int) -> Iterable[int]:
    busy_ports = ports.busy()
    candidates = (engine_port, *range(naming.JUPYTER_PORT, naming.JUPYTER_PORT + PORT_TRIES))
    return (port for port in candidates if port not in busy_ports)
