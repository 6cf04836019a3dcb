"""TCP ports of this host: busy ports, their listeners and banners, and the routed networks."""

from __future__ import annotations

import socket
from pathlib import Path

UNKNOWN_PROCESS = "a process that you may not see"
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp


def busy(tables: tuple[str, ...] = ("/proc/net/tcp", "/proc/net/tcp6")) -> frozenset[int]:
    """Return the TCP ports with a listener at an address that collides with the same port on loopback."""
    ports: set[int] = set()
    for table in tables:
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            local_address, state = line.split()[1], line.split()[3]
            if state == LISTENING and _covers_loopback(local_address.rsplit(":", 1)[0]):
                ports.add(int(local_address.rsplit(":", 1)[1], 16))
    return frozenset(ports)


def listener(port: int) -> str:
    """Return the name and id of the process that listens on a port, if the caller may see it."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and _port_of(connection.laddr) == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return UNKNOWN_PROCESS


def read_banner(port: int, *, timeout_s: float = 5) -> bytes:
    """Read the first bytes that a server on loopback sends unasked; empty if there are none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            return connection.recv(256)
    except OSError:
        return b""


def routes(table: str = "/proc/net/route") -> tuple[str, ...]:
    """Return the IPv4 networks that this host routes, in CIDR form, without the default route."""
    import ipaddress

    try:
        lines = Path(table).read_text("ascii").splitlines()[1:]
    except OSError:
        return ()
    networks = []
    for line in lines:
        fields = line.split()
        # The kernel prints both as little-endian hexadecimal numbers.
        address, mask = (ipaddress.IPv4Address(int(fields[index], 16).to_bytes(4, "little")) for index in (1, 7))
        if int(mask):
            networks.append(str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False)))
    return tuple(sorted(set(networks)))


def _port_of(address: object) -> int:
    return int(getattr(address, "port", 0))


def _covers_loopback(address: str) -> bool:
    # 127.x.x.x is little-endian in the table, so its first octet comes last; all zeroes is every address.
    return set(address) == {"0"} or address.endswith(("7F", "01000000"))
