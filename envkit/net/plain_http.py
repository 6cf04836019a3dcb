"""GET requests to servers of this host without `http.client`, whose import takes longer than an unchanged `up`."""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from typing import Any

LOOPBACK = "127.0.0.1"
HEAD_BYTES_MAX = 1 << 16
BODY_BYTES_MAX = 1 << 20
CHUNK_BYTES = 1 << 16
HEAD_END = b"\r\n\r\n"
NO_ANSWER = (0, b"")


class DeadlineSocket(socket.socket):
    """A socket with one time limit for all operations, because a server may send one byte at a time."""

    def __init__(self, family: int, limit_s: float) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._deadline = time.monotonic() + limit_s
        self.settimeout(limit_s)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all bytes before the deadline."""
        self._apply_deadline()
        super().sendall(data, flags)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive bytes before the deadline."""
        self._apply_deadline()
        return super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive bytes into a buffer before the deadline."""
        self._apply_deadline()
        return super().recv_into(buffer, nbytes, flags)

    def _apply_deadline(self) -> None:
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        self.settimeout(remaining_s)


def get_from_port(port: int, path: str, *, authorization: str = "", timeout_s: float = 5) -> tuple[int, bytes | None]:
    """Send a GET request to a server on loopback; see `_get`."""
    return _get(socket.AF_INET, (LOOPBACK, port), f"{LOOPBACK}:{port}", path, authorization, timeout_s)


def get_from_socket(socket_path: str, path: str, *, timeout_s: float = 5) -> tuple[int, bytes | None]:
    """Send a GET request to a server on a Unix socket; see `_get`."""
    return _get(socket.AF_UNIX, socket_path, "localhost", path, "", timeout_s)


def _get(
    family: int, address: str | tuple[str, int], host: str, path: str, authorization: str, timeout_s: float
) -> tuple[int, bytes | None]:
    """Send a GET request of HTTP/1.0, to which servers answer without chunks and close the connection.

    Returns:
        The status and at most 1 MiB of the body. The status is 0 after `timeout_s` in total and without a complete
        answer; the body is None if the server sends it in chunks nevertheless.

    Raises:
        ValueError: A part of the request is not printable ASCII.
    """
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", *([f"Authorization: {authorization}"] if authorization else [])]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise ValueError("a request holds printable ASCII only")
    try:
        with DeadlineSocket(family, timeout_s) as connection:
            connection.connect(address)
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            return _read_response(connection)
    except OSError:
        return NO_ANSWER


def _read_response(connection: DeadlineSocket) -> tuple[int, bytes | None]:
    data = b""
    while HEAD_END not in data:
        if len(data) > HEAD_BYTES_MAX or not (chunk := connection.recv(CHUNK_BYTES)):
            return NO_ANSWER
        data += chunk
    head, _, body = data.partition(HEAD_END)
    status_line, *lines = head.split(b"\r\n")
    version, _, status = status_line.partition(b" ")
    status = status[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        return NO_ANSWER
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if b"transfer-encoding" in headers:
        return int(status), None
    length = headers.get(b"content-length", b"")
    size = min(int(length), BODY_BYTES_MAX) if length.isdigit() else BODY_BYTES_MAX
    while len(body) < size and (chunk := connection.recv(CHUNK_BYTES)):
        body += chunk
    return (int(status), body[:size]) if len(body) >= size or not length else NO_ANSWER
