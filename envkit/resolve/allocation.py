"""Allocate a port, a subnet and the container user. Earlier choices are kept while they are valid."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.naming import JUPYTER_PORT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from envkit.model.facts import Account, Facts

PORT_RANGE_SIZE = 1000
WIDEST_PREFIX = 8  # wider routes, such as those of a VPN for all traffic, do not use these addresses
SUBNET_PREFIX = 29  # gateway, broadcast and five addresses, of which an environment needs one


def user(facts: Facts) -> Account:
    """Return the container user: the workspace's owner, or the user who called sudo; never root.

    Raises:
        PreconditionError: The workspace does not exist, or belongs to root or to another user.
    """
    owner = facts.workspace_owner
    if owner is None:
        raise PreconditionError(
            f"the workspace {facts.workspace} does not exist or is not a folder",
            code="workspace-missing",
            hint=f"mkdir -p {facts.workspace}, or set `workspace:` in envkit.yaml",
        )
    account = owner if owner.uid else facts.sudo_caller
    if account is None:
        raise PreconditionError(
            f"the workspace {facts.workspace} belongs to root, and a workspace never runs as root",
            code="root-not-allowed",
            hint="envkit init FOLDER --owner USER creates a folder for another user; use that folder",
        )
    if facts.caller.uid not in {0, account.uid}:
        raise PreconditionError(
            f"the workspace {facts.workspace} belongs to user {account.uid}, and you are user {facts.caller.uid}",
            code="wrong-owner",
            hint="use a folder that belongs to you, or ask its owner",
        )
    return account


def port(
    requested: int | None,
    previous: int,
    busy: Mapping[int, str],
    *,
    own_ports: Collection[int] = (),
    key: str = "jupyter.port",
    first_port: int = JUPYTER_PORT,
) -> int | None:
    """Return a loopback port for a server, or None if the requested one is taken.

    Args:
        requested: Port in the config, or None for any.
        previous: Port of the last `up`, or 0.
        busy: Ports in use, each with its listener.
        own_ports: Ports of the environment's running container.
        key: Config key of the port.
        first_port: First port to try.

    Raises:
        PreconditionError: No port of the range is free.
    """
    candidates = [requested or previous or first_port]
    if requested is None:
        candidates += range(first_port, first_port + PORT_RANGE_SIZE)
    for candidate in candidates:
        if candidate in own_ports or candidate not in busy:
            return candidate
    if requested is not None:
        return None
    raise PreconditionError(
        f"no port between {first_port} and {first_port + PORT_RANGE_SIZE - 1} is free on this host",
        code="no-free-port",
        hint=f"set {key} in envkit.yaml to a port that you can free",
    )


def subnet(pool: str, previous: str, used_subnets: Iterable[str]) -> str:
    """Return a free subnet of the pool: the previous one if it is still free.

    Raises:
        PreconditionError: No subnet of the pool is free.
    """
    networks = [ipaddress.ip_network(cidr, strict=False) for cidr in used_subnets]
    used_networks = [
        network
        for network in networks
        if isinstance(network, ipaddress.IPv4Network) and network.prefixlen >= WIDEST_PREFIX
    ]
    pool_network = ipaddress.IPv4Network(pool)
    if in_pool(previous, pool) and not _overlaps(ipaddress.IPv4Network(previous), used_networks):
        return previous
    for candidate in pool_network.subnets(new_prefix=max(SUBNET_PREFIX, pool_network.prefixlen)):
        if not _overlaps(candidate, used_networks):
            return str(candidate)
    raise PreconditionError(
        f"every subnet of {pool} is taken by a network of the engine or a route of this host",
        code="no-free-subnet",
        hint="envkit prune removes unused networks; or set network.pool in envkit.yaml to another range",
    )


def in_pool(subnet: str, pool: str) -> bool:
    """Check whether a subnet is in a pool. An empty subnet is in no pool."""
    network = ipaddress.ip_network(subnet, strict=False) if subnet else None
    return isinstance(network, ipaddress.IPv4Network) and network.subnet_of(ipaddress.IPv4Network(pool))


def _overlaps(network: ipaddress.IPv4Network, used_networks: Iterable[ipaddress.IPv4Network]) -> bool:
    return any(network.overlaps(other) for other in used_networks)
