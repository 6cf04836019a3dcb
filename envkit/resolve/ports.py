"""Plan the published ports of 127.0.0.1: requested, kept or picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.network import Port
from envkit.resolve import allocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.config import Config
    from envkit.model.engine_state import ActualState, ContainerInfo
    from envkit.model.facts import Facts
    from envkit.model.state import State
    from envkit.problem import Problem

PORT_HOLDING_STATUSES = {"running", "paused", "restarting"}  # in these, a container occupies its ports


@dataclass(frozen=True, slots=True)
class _PortRequest:
    """A port to allocate: its config key, container port, requested port and previous port."""

    key: str
    container: int
    requested: int | None
    previous: int


def plan_ports(
    config: Config, project: str, facts: Facts, actual: ActualState, state: State | None, problems: list[Problem]
) -> tuple[Port, ...]:
    """Plan a separate host port for each server of an environment."""
    own_ports = _own_ports(actual.container, facts.caller.uid, state.label_path if state else project)
    busy, ports = dict(facts.network.busy_ports), list[Port]()
    for request in _port_requests(config, state, own_ports):
        port = allocation.port(
            request.requested,
            request.previous,
            busy,
            own_ports=own_ports.values(),
            key=request.key,
            first_port=request.container,
        )
        if port is None:
            listener = busy.get(request.requested or 0) or "another process"
            message = f"port {request.requested} is taken by {listener}; free it, choose another, or remove the key"
            problems.append(config.problem(request.key, message, code="port-taken"))
            continue
        ports.append(Port(port, request.container))
        own_ports = {label: number for label, number in own_ports.items() if number != port}
        busy[port] = "another server of this environment"
    return tuple(ports)


def _port_requests(config: Config, state: State | None, own_ports: Mapping[str, int]) -> tuple[_PortRequest, ...]:
    # If the state was lost, the container still has its ports.
    previous = (
        (state.port, state.ssh_port)
        if state
        else (own_ports.get(naming.PORT, 0), own_ports.get(naming.SSH_PORT_LABEL, 0))
    )
    jupyter = _PortRequest("jupyter.port", naming.JUPYTER_PORT, config.jupyter.port, previous[0])
    ssh = _PortRequest("ssh.port", naming.SSH_PORT, config.ssh.port, previous[1])
    return (*(() if config.jupyter.socket else (jupyter,)), *((ssh,) if config.ssh.publish else ()))


def _own_ports(container: ContainerInfo | None, owner: int, project: str) -> dict[str, int]:
    """Return the ports of the environment's own container, by label."""
    if (
        container is None
        or container.status not in PORT_HOLDING_STATUSES
        or not naming.belongs_to(container.labels, owner, project)
    ):
        return {}
    values = {label: container.labels.get(label, "") for label in (naming.PORT, naming.SSH_PORT_LABEL)}
    return {label: int(port) for label, port in values.items() if port.isdecimal()}
