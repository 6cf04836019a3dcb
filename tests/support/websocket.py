"""A minimal WebSocket client: a handshake with arbitrary headers, and text frames.

It does not validate the server's frames.
"""

from __future__ import annotations

import base64
import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SWITCHED = 101


class Refused(Exception):
    """The server did not switch protocols; `status` is the HTTP status of its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake returned {status}")
        self.status = status


class WebSocket:
    """A WebSocket connection."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str], *, timeout_s: float = 60) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.buffer = b""
        all_headers = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **headers,
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.buffer:
            self._receive_chunk()
        response, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status = int(response.split()[1])
        if status != SWITCHED:
            self.socket.close()
            raise Refused(status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, text: str) -> None:
        """Send one text message."""
        self._send(TEXT, text.encode())

    def receive(self) -> str:
        """Return the next message, and answer pings."""
        message = b""
        while True:
            final, kind, payload = self._frame()
            if kind == CLOSE:
                raise ConnectionResetError("the server closed the connection")
            if kind == PING:
                self._send(PONG, payload)
            elif kind != PONG:
                message += payload
                if final:
                    return message.decode()

    def _frame(self) -> tuple[bool, int, bytes]:
        first, length = self._take(2)
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return bool(first & 0x80), first & 0x0F, self._take(length)

    def _send(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        size = struct.pack(">BH", 0xFE, length) if length > 125 else bytes([0x80 | length])
        # A mask of zeros is valid and does not change the payload.
        self.socket.sendall(bytes([0x80 | kind]) + size + bytes(4) + payload)

    def _take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._receive_chunk()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _receive_chunk(self) -> None:
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        self.buffer += chunk
