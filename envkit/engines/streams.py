"""The bytes of a program in a container, carried both ways. No SDK here: it brings the connection, or nobody does."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from typing import TYPE_CHECKING, Protocol

from envkit.errors import PassThrough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = struct.Struct(">BxxxL")  # the engine's framing: stream number, length
STDOUT, STDERR = 1, 2
CHUNK = 1 << 16
READER_LEFT = 128 + signal.SIGPIPE  # what a shell says of any program whose reader left


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


class ReadAhead(Stream):
    """A connection whose reader before us took more than was its own: that comes first.

    Args:
        connection: What is still to come.
        taken: What that reader took.
    """

    def __init__(self, connection: socket.socket, taken: bytes) -> None:
        self._connection, self._taken = connection, taken

    def recv(self, size: int, /) -> bytes:
        """Return what was taken, then what comes."""
        if not self._taken:
            return self._connection.recv(size)
        first, self._taken = self._taken[:size], self._taken[size:]
        return first

    def sendall(self, data: bytes, /) -> None:
        """Say something."""
        self._connection.sendall(data)

    def shutdown(self, how: int, /) -> None:
        """End one of the directions."""
        self._connection.shutdown(how)

    def settimeout(self, seconds: float | None, /) -> None:
        """Have what is not there yet waited for so long, or for ever."""
        self._connection.settimeout(seconds)


class ReaderLeft(Exception):
    """Whoever read our output is gone: no failure of the engine's, and nobody to tell."""


def frames(stream: Stream, until: float | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield what comes, each piece with the number of the stream it was written to.

    Raises:
        TimeoutError: It is `until` by the monotonic clock.
    """
    while header := _exactly(stream, HEADER.size, until):
        number, length = HEADER.unpack(header)
        while length:
            chunk = _received(stream, min(length, CHUNK), until)
            if not chunk:
                return
            length -= len(chunk)
            yield number, chunk


def pump(stream: Stream, write: Callable[[int, bytes], None], *, framed: bool) -> None:
    """Carry our stdin there and what comes to a function, with the number of its stream, until the program is done."""
    import threading

    threading.Thread(target=_feed, args=(stream,), daemon=True).start()
    if framed:
        for number, chunk in frames(stream):
            write(STDERR if number == STDERR else STDOUT, chunk)
    else:
        while chunk := stream.recv(CHUNK):
            write(STDOUT, chunk)


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
            raise ReaderLeft from error


def ended(code: int | None) -> int:
    """Return the exit code that the engine tells.

    Raises:
        PassThrough: It tells none.
    """
    if code is None:
        raise PassThrough("the engine let go of the program before it ended", mend="look with `envkit logs`")
    return int(code)


def _exactly(stream: Stream, size: int, until: float | None) -> bytes:
    got = b""
    while len(got) < size:
        more = _received(stream, size - len(got), until)
        if not more:
            return b""
        got += more
    return got


def _received(stream: Stream, size: int, until: float | None) -> bytes:
    if until is not None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
    return stream.recv(size)


def _feed(stream: Stream) -> None:
    try:
        while chunk := os.read(0, CHUNK):
            stream.sendall(chunk)
        stream.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the program ended first
