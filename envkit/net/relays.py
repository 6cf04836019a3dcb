"""Find programs of this host that relay connections from other machines to a port of a workspace.

They are found by what they do: an open connection to a relay makes it connect to the workspace. Nothing is sent.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    Address = tuple[str, int]

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENING, ESTABLISHED = "0A", "01"
CONNECT_S, WAIT_S, PAUSE_S = 0.5, 0.6, 0.05
CANDIDATES_MAX = 200


def public_listeners(tables: Collection[str] = TABLES) -> tuple[Address, ...]:
    """Return address and port of each listener of this host that is not on loopback."""
    listeners = {local for local, _, state in _rows(tables) if state == LISTENING and not _is_loopback(local[0])}
    return tuple(sorted(listeners))


def find_relays(
    listeners: Collection[Address], targets: Collection[Address], tables: Collection[str] = TABLES
) -> tuple[str, ...]:
    """Return the listeners that connect to a target whenever another program connects to them.

    Args:
        listeners: Listeners of this host, as `public_listeners` returns them.
        targets: Addresses of the workspace.
        tables: The kernel's tables of sockets.
    """
    candidates = sorted(listeners)[:CANDIDATES_MAX]
    if not candidates or not targets or not _triggers(candidates, targets, tables):
        return ()
    # Twice: a browser may connect to the workspace at the same moment.
    return tuple(
        f"{address}:{port}"
        for address, port in candidates
        if all(_triggers([(address, port)], targets, tables) for _ in range(2))
    )


def _triggers(candidates: Collection[Address], targets: Collection[Address], tables: Collection[str]) -> bool:
    """Connect to candidates, and check whether a new connection to a target appears meanwhile."""
    before = _connections(targets, tables)
    with ExitStack() as stack:
        for address, port in candidates:
            with suppress(OSError):
                stack.enter_context(socket.create_connection((_reachable(address), port), CONNECT_S))
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if _connections(targets, tables) - before:
                return True
            time.sleep(PAUSE_S)
    return False


def _connections(targets: Collection[Address], tables: Collection[str]) -> set[tuple[Address, Address]]:
    return {(local, remote) for local, remote, state in _rows(tables) if state == ESTABLISHED and remote in targets}


def _rows(tables: Collection[str]) -> Iterator[tuple[Address, Address, str]]:
    for table in tables:
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield _parse(fields[1]), _parse(fields[2]), fields[3]


def _parse(text: str) -> Address:
    """Parse an entry of the kernel's table, in which each 32-bit word has the machine's byte order."""
    words, _, port = text.partition(":")
    data = b"".join(bytes.fromhex(words[start : start + 8])[::-1] for start in range(0, len(words), 8))
    address = ipaddress.ip_address(data)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _reachable(address: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - addresses of listeners
