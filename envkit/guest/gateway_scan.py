"""Look for a container engine's API on the machine that forwards the container's packets."""

import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

ENGINE_PORTS = (2375, 2376, 2377, 4243, 4244, 5555)
SILENT_PORTS = frozenset(range(9100, 9108)) | {515, 631}  # of printers, which print what they receive
CONNECT_S, BANNER_S, ANSWER_S = 1.0, 0.3, 1.5
GATEWAY_FLAG = 0x2
MARKS = (b"Api-Version:", b"Docker-Experimental:", b"Libpod-API-Version:", b"client sent an HTTP request to an HTTPS")
PING = b"GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n"


def scan_gateways(ports, table=Path("/proc/net/route")):
    """Return the addresses where an engine's API answers.

    Args:
        ports: Ports on which the machine listens, besides those that engines use.
        table: The kernel's routing table.
    """
    found, targets = (
        [],
        [
            (gateway, port)
            for gateway in find_gateways(table)
            for port in sorted({*ENGINE_PORTS, *ports} - SILENT_PORTS)
        ],
    )
    threads = [threading.Thread(target=probe, args=(*target, found), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(CONNECT_S + BANNER_S + ANSWER_S)
    return {"tried": len(targets), "engines": sorted(found)}


def find_gateways(table):
    """Return the addresses of the gateways of IPv4 routes."""
    if not table.is_file():
        return []
    rows = [line.split() for line in table.read_text("ascii").splitlines()[1:]]
    numbers = {int(row[2], 16) for row in rows if len(row) > 3 and int(row[3], 16) & GATEWAY_FLAG}
    return [socket.inet_ntoa(struct.pack("=I", number)) for number in sorted(numbers) if number]


def probe(address, port, found):
    """Add a target to a list if it answers like an engine. A server that speaks first is none, and receives nothing."""
    with socket.socket() as connection, suppress(OSError):
        connection.settimeout(CONNECT_S)
        connection.connect((address, port))
        connection.settimeout(BANNER_S)
        with suppress(socket.timeout):
            connection.recv(1)
            return
        connection.settimeout(ANSWER_S)
        connection.sendall(PING)
        answer = b""
        while len(answer) < 4096:
            chunk = connection.recv(2048)
            if not chunk:
                break
            answer += chunk
        if any(mark in answer for mark in MARKS):
            found.append("{}:{}".format(address, port))
