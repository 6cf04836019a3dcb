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
ID_MAX = 2**31 - 1  # of users and groups in a container
OVERLAPS_SHOWN = 8
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
    if max(account.uid, account.gid) > ID_MAX:
        raise PreconditionError(
            f"the workspace {facts.workspace} belongs to user {account.uid} and group {account.gid}, and container "
            f"engines accept ids up to {ID_MAX}",
            code="user-id-unsupported",
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


def subnet(pools: Iterable[str], previous: str, used_subnets: Mapping[str, str]) -> str:
    """Return a free subnet of the first pool that has one: the previous subnet if it is still free.

    Args:
        pools: Ranges in CIDR form, in order of preference.
        previous: Subnet of the last `up`, or empty.
        used_subnets: Networks in CIDR form, each with a description, such as `a route of this host`.

    Raises:
        PreconditionError: No subnet of the pools is free; names the networks that take them.
    """
    used_networks = {
        network: description
        for cidr, description in used_subnets.items()
        if isinstance(network := ipaddress.ip_network(cidr, strict=False), ipaddress.IPv4Network)
        and network.prefixlen >= WIDEST_PREFIX
    }
    ranges = [ipaddress.IPv4Network(pool) for pool in pools]
    if any(in_pool(previous, str(pool)) for pool in ranges) and not _overlaps(
        ipaddress.IPv4Network(previous), used_networks
    ):
        return previous
    for pool in ranges:
        for candidate in pool.subnets(new_prefix=max(SUBNET_PREFIX, pool.prefixlen)):
            if not _overlaps(candidate, used_networks):
                return str(candidate)
    raise PreconditionError(
        f"every subnet of {' and '.join(map(str, ranges))} is taken",
        code="no-free-subnet",
        detail=_describe_overlaps(ranges, used_networks),
        hint="envkit prune removes unused networks; or set network.pool in envkit.yaml to a range that is not routed",
    )


def used_subnets(routes: Iterable[str], engine_subnets: Iterable[str]) -> dict[str, str]:
    """Return the networks that take addresses of this host, each with a description."""
    return dict.fromkeys(routes, "a route of this host") | dict.fromkeys(engine_subnets, "a network of the engine")


def _describe_overlaps(
    ranges: Iterable[ipaddress.IPv4Network], used_networks: Mapping[ipaddress.IPv4Network, str]
) -> str:
    """Describe the largest networks that take the ranges."""
    overlaps = sorted(
        (network.prefixlen, network, description)
        for network, description in used_networks.items()
        if _overlaps(network, ranges)
    )
    return ", ".join(f"{network} is {description}" for _, network, description in overlaps[:OVERLAPS_SHOWN])


def in_pool(subnet: str, pool: str) -> bool:
    """Check whether a subnet is in a pool. An empty subnet is in no pool."""
    network = ipaddress.ip_network(subnet, strict=False) if subnet else None
    return isinstance(network, ipaddress.IPv4Network) and network.subnet_of(ipaddress.IPv4Network(pool))


def _overlaps(network: ipaddress.IPv4Network, used_networks: Iterable[ipaddress.IPv4Network]) -> bool:
    return any(network.overlaps(other) for other in used_networks)
