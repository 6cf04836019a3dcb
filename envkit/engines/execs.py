"""Programs inside a container: scripts, terminals and raw streams, over the engine's API alone."""

from __future__ import annotations

import os
import signal
import socket as sockets
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from envkit.engines import streams
from envkit.engines.failure import translated
from envkit.engines.unstarted import Output, in_folder
from envkit.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkit.engines.connect import Engine

LINE_BYTES_MAX = 1 << 20
TIMEOUT = "/usr/bin/timeout"  # of coreutils; the program is ended with its whole process group
KILLED = {124, 128 + signal.SIGKILL}  # what that says when it ended the program
GRACE_S = 5


class RanOver(EngineError):
    """A script did not end in the time it had."""


def script(
    engine: Engine, container: str, argv: Sequence[str], text: str, on_line: Callable[[str], None],
    *, limit_s: float, env: Mapping[str, str] | None = None,
) -> int:
    """Run a program with a text on its stdin, hand over each line of its stdout, return its exit code.

    The engine has no way to end what was started like this, so `timeout` of the image does, which comes before
    anything of the workspace's user. Should that not help, nobody waits any longer.

    Raises:
        RanOver: It took longer than `limit_s` seconds, and was ended.
    """
    began = time.monotonic()
    limited = [TIMEOUT, f"--kill-after={GRACE_S}", f"{limit_s:g}", *argv]
    with translated(f"running a script in {container}"):
        made = engine.api.exec_create(
            container, limited, stdin=True, stdout=True, stderr=True, environment=dict(env or {})
        )
        try:
            with _opened(engine, made["Id"], tty=False) as stream:
                talk(stream, text.encode(), on_line, began + limit_s + 2 * GRACE_S)
        except TimeoutError:
            raise _ran_over(container, limit_s) from None
        code = _exit_code(engine, made["Id"])
    if code in KILLED and time.monotonic() - began >= limit_s:
        raise _ran_over(container, limit_s)
    return code


def talk(stream: streams.Stream, text: bytes, on_line: Callable[[str], None], until: float) -> None:
    """Send a text to a program's stdin and hand over each line of its stdout, to its end.

    Raises:
        TimeoutError: It is `until` by the monotonic clock.
    """
    rest = b""
    stream.settimeout(max(0.001, until - time.monotonic()))
    stream.sendall(text)
    stream.shutdown(sockets.SHUT_WR)
    for number, chunk in streams.frames(stream, until):
        if number == streams.STDOUT:
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-LINE_BYTES_MAX:]  # a line without end is no line, and must not fill our memory
            for line in lines:
                on_line(line.decode(errors="replace"))


def _ran_over(container: str, limit_s: float) -> RanOver:
    return RanOver(f"a script in {container} took longer than {limit_s:g} s", mend="envkit down, then envkit up")


def attached(
    engine: Engine, container: str, argv: Sequence[str], *, tty: bool, workdir: str | None = None,
    env: Mapping[str, str] | None = None, below: str = "",
) -> int:
    """Run a program on the caller's own stdin, stdout, stderr and terminal; return its exit code.

    Args:
        engine: Where the container is.
        container: Its name.
        argv: The program and its arguments.
        tty: Whether it gets the caller's terminal.
        workdir: A folder of the image to run it in.
        env: Variables to set.
        below: A folder to go to that is no part of the image, or empty.

    Raises:
        PassThrough: It could not be started.
    """
    try:
        return _attached(engine, container, argv, tty=tty, workdir=workdir, env=dict(env or {}), below=below)
    except streams.ReaderLeft:
        return streams.READER_LEFT


def _attached(
    engine: Engine, container: str, argv: Sequence[str], *, tty: bool, workdir: str | None, env: dict[str, str],
    below: str,
) -> int:
    command = in_folder(below, argv) if below else argv
    with translated(f"running a program in {container}"):
        made = engine.api.exec_create(
            container, list(command), stdin=True, stdout=True, stderr=True, tty=tty, workdir=workdir, environment=env,
        )
        output = Output(streams.write, below)
        with _opened(engine, made["Id"], tty=tty) as stream:
            if tty:
                _terminal(engine, made["Id"], stream, output)
            else:
                streams.pump(stream, output, framed=True)
        code = _exit_code(engine, made["Id"])
        output.end(code, argv[0])
        return code


def raw(engine: Engine, container: str, argv: Sequence[str]) -> int:
    """Connect a program's stdin and stdout to the caller's, byte for byte: an SSH ProxyCommand."""
    return attached(engine, container, argv, tty=False)


@contextmanager
def attached_to(engine: Engine, container: str) -> Iterator[streams.Stream]:
    """Yield what a container's own program reads and writes, framed; to be taken before it is started."""
    params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    with _half_closable(engine.api.attach_socket(container, params=params)) as stream:
        yield stream


@contextmanager
def _opened(engine: Engine, exec_id: str, *, tty: bool) -> Iterator[streams.Stream]:
    with _half_closable(engine.api.exec_start(exec_id, tty=tty, socket=True)) as stream:
        yield stream


@contextmanager
def _half_closable(stream: Any) -> Iterator[streams.Stream]:
    # The SDK wraps the connection in a reader of its own; the socket beneath is what can be half-closed.
    connection: sockets.socket = getattr(stream, "_sock", stream)
    taken = _taken(connection, getattr(stream, "_response", None))
    connection.settimeout(None)
    with ExitStack() as held:
        # Each of these would keep the connection open.
        for one in (connection, stream, getattr(stream, "_response", None)):
            if one is not None:
                held.callback(one.close)
        yield streams.ReadAhead(connection, taken)


def _taken(connection: sockets.socket, response: Any) -> bytes:
    """Return what the SDK read together with the head of the engine's answer, and would keep to itself."""
    if response is None:
        return b""
    connection.settimeout(0)  # of what is not there yet, nothing is waited for
    said: bytes = response.raw._fp.fp.peek()  # noqa: SLF001 - where the SDK itself finds the connection
    return said


def _exit_code(engine: Engine, exec_id: str) -> int:
    return streams.ended(engine.api.exec_inspect(exec_id)["ExitCode"])


def _terminal(engine: Engine, exec_id: str, stream: streams.Stream, write: Callable[[int, bytes], None]) -> None:
    """Hand the caller's terminal to the program: raw mode, its size followed, restored whatever happens."""
    import termios
    import tty

    before = termios.tcgetattr(0)

    def resize(*_: object) -> None:
        # A program that just ended has no size; none that runs has to end for want of one.
        with suppress(EngineError, OSError), translated("resizing a terminal"):
            size = os.get_terminal_size(1)
            engine.api.exec_resize(exec_id, height=size.lines, width=size.columns)

    handler = signal.signal(signal.SIGWINCH, resize)
    try:
        tty.setraw(0)
        resize()
        streams.pump(stream, write, framed=False)
    finally:
        signal.signal(signal.SIGWINCH, handler)
        termios.tcsetattr(0, termios.TCSADRAIN, before)
