"""Ports of the engine's machine, as this machine reaches them: the same ones, or forwarded where it is another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit import host, names, net, state, tunnel
from envkit.engines import glance, holder
from envkit.errors import Refusal
from envkit.model.facts import HostGpu

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRIES = 200


def here(endpoint: str, forwarded: Mapping[str, int], there: int) -> int:
    """Return the port of this machine's loopback that leads to one of the engine's machine; 0 where none does.

    Where the engine is on another machine, the port counts only while our own connection holds it.

    Args:
        endpoint: The engine's address.
        forwarded: What is remembered of forwarded ports.
        there: The port there; 0 for none.
    """
    if not there or not tunnel.is_remote(endpoint):
        return there
    port = forwarded.get(str(there), 0)
    return port if port and tunnel.forward(endpoint, port, there) else 0


def forward(endpoint: str, forwarded: Mapping[str, int], there: int, asked: int | None) -> dict[str, int]:
    """Have a port of this machine's loopback lead to one of the engine's machine; return what is to be remembered.

    Args:
        endpoint: The engine's address.
        forwarded: What is remembered.
        there: The port there.
        asked: The port of the config, or None for any.

    Raises:
        Refusal: The port asked for is taken here, or none is free.
    """
    for other, port in forwarded.items():
        if other != str(there) or (asked and port != asked):
            tunnel.unforward(endpoint, port, int(other))
    if here(endpoint, forwarded, there) and asked in {None, forwarded[str(there)]}:
        return {str(there): forwarded[str(there)]}
    for port in (asked,) if asked else _candidates(there):
        if tunnel.forward(endpoint, port, there):
            return {str(there): port}
    raise Refusal(
        f"no port of 127.0.0.1 can be forwarded to {endpoint}" if not asked
        else f"jupyter.port: port {asked} is taken on this machine by {_holder(endpoint, asked)}",
        mend="free one, or set jupyter.port in envkit.yaml to one that is free here and there",
    )


def _holder(endpoint: str, port: int) -> str:
    forwards = (one.name for _, one in state.all_of(endpoint) if port in one.forwarded.values())
    return next((holder.yours(name) for name in forwards), "") or net.port_holder(port)


def release(endpoint: str, forwarded: Mapping[str, int]) -> None:
    """Take all ports of an environment back."""
    for there, port in forwarded.items():
        tunnel.unforward(endpoint, port, int(there))


def gpu(endpoint: str) -> HostGpu:
    """Say what is known of GPUs on the engine's machine: of another one nothing."""
    return HostGpu() if tunnel.is_remote(endpoint) else host.gpu()


def leave(endpoint: str) -> None:
    """End the way to another machine when a command ends, if no environment is up there that needs it."""
    titles = (names.container(os.getuid(), one.name) for _, one in state.all_of(endpoint))
    if not any(glance.running(endpoint, one) for one in titles):
        tunnel.leave(endpoint)


def _candidates(there: int) -> Iterable[int]:
    busy = net.busy_ports()
    wanted = (there, *range(names.JUPYTER_PORT, names.JUPYTER_PORT + TRIES))
    return (port for port in wanted if port not in busy)
