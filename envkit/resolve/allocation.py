"""Choices that stay once made: a free port, a free subnet, the user the workspace runs as."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.naming import JUPYTER_PORT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from envkit.model.facts import Account, Facts

PORT_RANGE_SIZE = 1000
WIDEST_PREFIX = 8  # a VPN for all traffic routes halves of the world, and leaves those addresses free all the same
SUBNET_PREFIX = 29  # gateway, broadcast and five addresses: one environment needs one


def user(facts: Facts) -> Account:
    """Return who the workspace runs as: its owner, or who called sudo; never root.

    Raises:
        Refusal: It would be root, or somebody whose files the caller cannot give.
    """
    owner = facts.workspace_owner
    if owner is None:
        raise PreconditionError(
            f"the workspace {facts.workspace} is not there or is not a folder",
            hint=f"mkdir -p {facts.workspace}, or set `workspace:` in envkit.yaml",
        )
    account = owner if owner.uid else facts.sudo_caller
    if account is None:
        raise PreconditionError(
            f"the workspace {facts.workspace} belongs to root, and a workspace never runs as root",
            hint="envkit init FOLDER --owner USER makes a new folder for a user of your choice; work in that one",
        )
    if facts.caller.uid not in {0, account.uid}:
        raise PreconditionError(
            f"the workspace {facts.workspace} belongs to user {account.uid}, and you are user {facts.caller.uid}",
            hint="work in a folder of your own, or ask its owner",
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
    """Return a loopback port for a server, or None when the one asked for is taken.

    Args:
        requested: The port of the config, or None for any.
        previous: The port of the last `up`, or 0.
        busy: Ports somebody listens on.
        own_ports: The ports our own running container holds.
        key: The key of the config that asks for one.
        first_port: The port to try first.

    Raises:
        Refusal: None is free.
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
        hint=f"set {key} in envkit.yaml to a port you can free",
    )


def subnet(pool: str, previous: str, used_subnets: Iterable[str]) -> str:
    """Return a subnet of the pool that nobody uses, the kept one when it is still one.

    Raises:
        Refusal: The pool is used up.
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
        hint="envkit prune removes networks nobody uses; or set network.pool in envkit.yaml to another range",
    )


def in_pool(subnet: str, pool: str) -> bool:
    """Say whether a subnet lies in a pool; none lies in no pool."""
    network = ipaddress.ip_network(subnet, strict=False) if subnet else None
    return isinstance(network, ipaddress.IPv4Network) and network.subnet_of(ipaddress.IPv4Network(pool))


def _overlaps(network: ipaddress.IPv4Network, used_networks: Iterable[ipaddress.IPv4Network]) -> bool:
    return any(network.overlaps(other) for other in used_networks)
