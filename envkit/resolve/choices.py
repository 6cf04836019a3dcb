"""Choices that stay once made: a free port, a free subnet, the user the workspace runs as."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from envkit.errors import Refusal
from envkit.names import JUPYTER_PORT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from envkit.model.facts import Account, Facts

PORTS_TRIED = 1000
WIDEST_PREFIX = 8  # a VPN for all traffic routes halves of the world, and leaves those addresses free all the same
SUBNET_PREFIX = 29  # gateway, broadcast and five addresses: one environment needs one


def user(facts: Facts) -> Account:
    """Return who the workspace runs as: its owner, or who called sudo; never root.

    Raises:
        Refusal: It would be root, or somebody whose files the caller cannot give.
    """
    owner = facts.workspace_owner
    if owner is None:
        raise Refusal(
            f"the workspace {facts.workspace} is not there or is not a folder",
            mend=f"mkdir -p {facts.workspace}, or set `workspace:` in envkit.yaml",
        )
    chosen = owner if owner.uid else facts.sudo_caller
    if chosen is None:
        raise Refusal(
            f"the workspace {facts.workspace} belongs to root, and a workspace never runs as root",
            mend="envkit init FOLDER --owner USER makes a new folder for a user of your choice; work in that one",
        )
    if facts.caller.uid not in {0, chosen.uid}:
        raise Refusal(
            f"the workspace {facts.workspace} belongs to user {chosen.uid}, and you are user {facts.caller.uid}",
            mend="work in a folder of your own, or ask its owner",
        )
    return chosen


def port(
    asked: int | None, kept: int, busy: Mapping[int, str], *, held: Collection[int] = (), key: str = "jupyter.port",
    first: int = JUPYTER_PORT,
) -> int | None:
    """Return a loopback port for a server, or None when the one asked for is taken.

    Args:
        asked: The port of the config, or None for any.
        kept: The port of the last `up`, or 0.
        busy: Ports somebody listens on.
        held: The ports our own running container holds.
        key: The key of the config that asks for one.
        first: The port to try first.

    Raises:
        Refusal: None is free.
    """
    free = [asked or kept or first]
    if asked is None:
        free += range(first, first + PORTS_TRIED)
    for candidate in free:
        if candidate in held or candidate not in busy:
            return candidate
    if asked is not None:
        return None
    raise Refusal(
        f"no port between {first} and {first + PORTS_TRIED - 1} is free on this host",
        mend=f"set {key} in envkit.yaml to a port you can free",
    )


def subnet(pool: str, kept: str, taken: Iterable[str]) -> str:
    """Return a subnet of the pool that nobody uses, the kept one when it is still one.

    Raises:
        Refusal: The pool is used up.
    """
    known = [ipaddress.ip_network(one, strict=False) for one in taken]
    used = [one for one in known if isinstance(one, ipaddress.IPv4Network) and one.prefixlen >= WIDEST_PREFIX]
    network = ipaddress.IPv4Network(pool)
    if in_pool(kept, pool) and not _overlaps(ipaddress.IPv4Network(kept), used):
        return kept
    for candidate in network.subnets(new_prefix=max(SUBNET_PREFIX, network.prefixlen)):
        if not _overlaps(candidate, used):
            return str(candidate)
    raise Refusal(
        f"every subnet of {pool} is taken by a network of the engine or a route of this host",
        mend="envkit prune removes networks nobody uses; or set network.pool in envkit.yaml to another range",
    )


def in_pool(subnet: str, pool: str) -> bool:
    """Say whether a subnet lies in a pool; none lies in no pool."""
    one = ipaddress.ip_network(subnet, strict=False) if subnet else None
    return isinstance(one, ipaddress.IPv4Network) and one.subnet_of(ipaddress.IPv4Network(pool))


def _overlaps(one: ipaddress.IPv4Network, used: Iterable[ipaddress.IPv4Network]) -> bool:
    return any(one.overlaps(other) for other in used)
