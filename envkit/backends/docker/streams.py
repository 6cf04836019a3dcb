"""Copy stdin and output between this process and a program in a container, without the Docker SDK."""

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

HEADER = struct.Struct(">BxxxL")  # of a frame: stream number, length
STDOUT, STDERR = 1, 2
CHUNK = 1 << 16
SIGPIPE_EXIT_CODE = 128 + signal.SIGPIPE  # as in a shell, for a program whose reader is gone


class Stream(Protocol):
    """Bidirectional byte stream, as of a socket."""

    def recv(self, size: int, /) -> bytes:
        """Receive at most `size` bytes; empty at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""

    def shutdown(self, how: int, /) -> None:
        """Close one direction."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Set the time limit of `recv` and `sendall`; None for no limit."""


class BufferedStream(Stream):
    """A connection of which an earlier reader has buffered some bytes; they are received first.

    Args:
        connection: The connection.
        buffered: Bytes that the earlier reader took.
    """

    def __init__(self, connection: socket.socket, buffered: bytes) -> None:
        self._connection, self._buffered = connection, buffered

    def recv(self, size: int, /) -> bytes:
        """Receive the buffered bytes, then those of the connection."""
        if not self._buffered:
            return self._connection.recv(size)
        chunk, self._buffered = self._buffered[:size], self._buffered[size:]
        return chunk

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""
        self._connection.sendall(data)

    def shutdown(self, how: int, /) -> None:
        """Close one direction."""
        self._connection.shutdown(how)

    def settimeout(self, seconds: float | None, /) -> None:
        """Set the time limit of the connection; None for no limit."""
        self._connection.settimeout(seconds)


class OutputClosed(Exception):
    """The reader of this process's output is gone; not an engine error."""


def read_frames(stream: Stream, deadline: float | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield chunks of output, each with the number of its stream.

    Raises:
        TimeoutError: The monotonic clock reached `deadline`.
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
    """Copy this process's stdin to the stream and its output to `on_output`, until the program exits."""
    import threading

    threading.Thread(target=_forward_stdin, args=(stream,), daemon=True).start()
    if framed:
        for descriptor, chunk in read_frames(stream):
            on_output(STDERR if descriptor == STDERR else STDOUT, chunk)
    else:
        while chunk := stream.recv(CHUNK):
            on_output(STDOUT, chunk)


def write(descriptor: int, chunk: bytes) -> None:
    """Write a whole chunk to a file descriptor.

    Raises:
        OutputClosed: The reader is gone.
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
    """Return the exit code that the engine reports.

    Raises:
        ExecError: The engine reports no exit code.
    """
    if code is None:
        raise ExecError(
            "the engine closed the connection before the program finished",
            code="exec-connection-lost",
            hint="envkit logs",
        )
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
        return  # the program exited first
