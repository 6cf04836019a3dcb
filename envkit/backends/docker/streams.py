"""The bytes of a program in a container, carried both ways. No SDK here: it brings the connection, or nobody does."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from typing import TYPE_CHECKING, Protocol

from envkit.errors import ExecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = struct.Struct(">BxxxL")  # the engine's framing: stream number, length
STDOUT, STDERR = 1, 2
CHUNK = 1 << 16
SIGPIPE_EXIT_CODE = 128 + signal.SIGPIPE  # what a shell says of any program whose reader left


class Stream(Protocol):
    """What both sides say, as a socket carries it."""

    def recv(self, size: int, /) -> bytes:
        """Return what came, at most so many bytes; none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Say something."""

    def shutdown(self, how: int, /) -> None:
        """End one of the directions."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Have `recv` and `sendall` wait so long, or for ever."""


class BufferedStream(Stream):
    """A connection whose reader before us took more than was its own: that comes first.

    Args:
        connection: What is still to come.
        buffered: What that reader took.
    """

    def __init__(self, connection: socket.socket, buffered: bytes) -> None:
        self._connection, self._buffered = connection, buffered

    def recv(self, size: int, /) -> bytes:
        """Return what was taken, then what comes."""
        if not self._buffered:
            return self._connection.recv(size)
        chunk, self._buffered = self._buffered[:size], self._buffered[size:]
        return chunk

    def sendall(self, data: bytes, /) -> None:
        """Say something."""
        self._connection.sendall(data)

    def shutdown(self, how: int, /) -> None:
        """End one of the directions."""
        self._connection.shutdown(how)

    def settimeout(self, seconds: float | None, /) -> None:
        """Have what is not there yet waited for so long, or for ever."""
        self._connection.settimeout(seconds)


class OutputClosed(Exception):
    """Whoever read our output is gone: no failure of the engine's, and nobody to tell."""


def read_frames(stream: Stream, deadline: float | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield what comes, each piece with the number of the stream it was written to.

    Raises:
        TimeoutError: It is `deadline` by the monotonic clock.
    """
    while header := _read_exactly(stream, HEADER.size, deadline):
        descriptor, length = HEADER.unpack(header)
        while length:
            chunk = _receive(stream, min(length, CHUNK), deadline)
            if not chunk:
                return
            length -= len(chunk)
            yield descriptor, chunk


def pump(stream: Stream, on_output: Callable[[int, bytes], None], *, framed: bool) -> None:
    """Carry our stdin there and what comes to a function, with the number of its stream, until the program is done."""
    import threading

    threading.Thread(target=_forward_stdin, args=(stream,), daemon=True).start()
    if framed:
        for descriptor, chunk in read_frames(stream):
            on_output(STDERR if descriptor == STDERR else STDOUT, chunk)
    else:
        while chunk := stream.recv(CHUNK):
            on_output(STDOUT, chunk)


def write(descriptor: int, chunk: bytes) -> None:
    """Write all of it.

    Raises:
        ReaderLeft: Nobody reads.
    """
    view = memoryview(chunk)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise OutputClosed from error


def require_exit_code(code: int | None) -> int:
    """Return the exit code that the engine tells.

    Raises:
        PassThrough: It tells none.
    """
    if code is None:
        raise ExecError("the engine let go of the program before it ended", hint="look with `envkit logs`")
    return int(code)


def _read_exactly(stream: Stream, size: int, deadline: float | None) -> bytes:
    data = b""
    while len(data) < size:
        chunk = _receive(stream, size - len(data), deadline)
        if not chunk:
            return b""
        data += chunk
    return data


def _receive(stream: Stream, size: int, deadline: float | None) -> bytes:
    if deadline is not None:
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        stream.settimeout(remaining_s)
    return stream.recv(size)


def _forward_stdin(stream: Stream) -> None:
    try:
        while chunk := os.read(0, CHUNK):
            stream.sendall(chunk)
        stream.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the program ended first
