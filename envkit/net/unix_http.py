"""HTTP over Unix sockets of this host."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from envkit.net.http import Connection, request
from envkit.net.plain_http import DeadlineSocket

if TYPE_CHECKING:
    from envkit.net.http import Response

HEAD_BYTES_MAX = 1 << 14  # of a response, status line and headers together
HEAD_END = b"\r\n\r\n"
STREAM_TYPES = {b"application/vnd.docker.raw-stream", b"application/vnd.docker.multiplexed-stream"}


def check_socket(socket_path: str) -> None:
    """Connect to a Unix socket and disconnect.

    Raises:
        OSError: No server accepts the connection within a second.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(socket_path)


def get(socket_path: str, path: str, *, timeout_s: float = 5) -> Response:
    """Send a GET request; the status is 0 after `timeout_s` in total."""
    return request(_connection(socket_path, timeout_s), path, None)


def post(socket_path: str, path: str, payload: object, *, timeout_s: float = 60) -> Response:
    """Send JSON in a POST request; the status is 0 after `timeout_s` in total."""
    headers = {"Content-Type": "application/json"}
    return request(_connection(socket_path, timeout_s), path, headers, json.dumps(payload).encode())


def upgrade(socket_path: str, path: str, payload: object, *, timeout_s: float = 60) -> socket.socket | None:
    """Send JSON in a POST request, and upgrade the connection to a raw stream.

    Returns:
        The stream, without a time limit; None if the server does not upgrade within `timeout_s` in total. Whatever
        the server started nevertheless finds the connection closed.
    """
    body = json.dumps(payload).encode()
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: tcp",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    connection = DeadlineSocket(socket.AF_UNIX, timeout_s)
    try:
        connection.connect(socket_path)
        connection.sendall("\r\n".join(lines).encode() + body)
        accepted = _is_upgrade(_read_head(connection))
    except OSError:
        accepted = False
    if not accepted:
        connection.close()
        return None
    stream = socket.socket(fileno=connection.detach())
    stream.settimeout(None)
    return stream


def _connection(socket_path: str, timeout_s: float) -> Connection:
    return Connection("localhost", None, socket.AF_UNIX, socket_path, timeout_s)


def _is_upgrade(head: bytes) -> bool:
    """Check whether a raw stream follows; an engine that ignores the upgrade header streams after status 200."""
    status, *lines = head.lower().split(b"\r\n") if head.endswith(HEAD_END) else [b""]
    headers = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    return status.startswith(b"http/1.1 101 ") or (
        status.startswith(b"http/1.1 200 ")
        and headers.get(b"content-type") in STREAM_TYPES
        and not headers.keys() & {b"content-length", b"transfer-encoding"}  # a raw stream has neither
    )


def _read_head(connection: socket.socket) -> bytes:
    """Read status line and headers of a response, and no byte after them."""
    head = b""
    while not head.endswith(HEAD_END) and len(head) < HEAD_BYTES_MAX and (chunk := connection.recv(1)):
        head += chunk
    return head
