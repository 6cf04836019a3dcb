"""Run programs in a container through the engine's API: scripts, terminals and raw streams."""

from __future__ import annotations

import os
import signal
import socket as sockets
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from envkit.backends.docker import streams
from envkit.backends.docker.exec_errors import OutputBuffer, command_in_folder
from envkit.backends.docker.exec_interrupt import end_on_interrupt
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import EngineError, TimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkit.backends.docker.client import Engine

ERRORS_BYTES_MAX = 4096  # of a program's stderr
LINE_BYTES_MAX = 1 << 20
TIMEOUT = "/usr/bin/timeout"  # of coreutils; ends the program with its whole process group
TIMEOUT_EXIT_CODES = {124, 128 + signal.SIGKILL}  # of `timeout` after the time limit
KILL_GRACE_S = 5
ROOT = "/"  # the working folder of the image, the workspace, may have been deleted on the host


def run_script(
    engine: Engine,
    container: str,
    argv: Sequence[str],
    text: str,
    on_line: Callable[[str], None],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    user: str = "",
) -> int:
    """Run a program with a text on its stdin, pass each line of its stdout to `on_line`, and return its exit code.

    The engine cannot end a program that was started like this, so `timeout` of the image does, which is not writable
    by the workspace's user. If that fails, too, waiting ends shortly after the time limit.

    Raises:
        TimeLimitExceeded: The program took longer than `limit_s` seconds and was ended.
    """
    started_at = time.monotonic()
    command = [TIMEOUT, f"--kill-after={KILL_GRACE_S}", f"{limit_s:g}", *argv]
    with translate_errors(f"running a script in {container}"), end_on_interrupt(engine, container) as variables:
        exec_instance = engine.api.exec_create(
            container,
            command,
            stdin=True,
            stdout=True,
            stderr=True,
            environment={**(env or {}), **variables},
            workdir=ROOT,
            user=user,
        )
        try:
            with _start_exec(engine, exec_instance["Id"], tty=False) as stream:
                communicate(stream, text.encode(), on_line, started_at + limit_s + 2 * KILL_GRACE_S)
        except TimeoutError:
            raise _time_limit_error(container, limit_s) from None
        code = _exit_code(engine, exec_instance["Id"])
    if code in TIMEOUT_EXIT_CODES and time.monotonic() - started_at >= limit_s:
        raise _time_limit_error(container, limit_s)
    return code


def communicate(
    stream: streams.Stream, text: bytes, on_line: Callable[[str], None], deadline: float, *, must_read: bool = True
) -> bytes:
    """Send a text to a program's stdin and pass each line of its stdout to `on_line`, until the output ends.

    Args:
        stream: Stream of the program.
        text: Text for its stdin.
        on_line: Callback for each line.
        deadline: Time of the monotonic clock at which waiting ends.
        must_read: Whether a program that exits before it has read the text is an error.

    Returns:
        The end of its stderr.

    Raises:
        TimeoutError: The monotonic clock reached `deadline`.
    """
    rest, errors = b"", b""
    stream.settimeout(max(0.001, deadline - time.monotonic()))
    with suppress(*(() if must_read else (BrokenPipeError, ConnectionResetError))):
        stream.sendall(text)
        stream.shutdown(sockets.SHUT_WR)
    for descriptor, chunk in streams.read_frames(stream, deadline):
        if descriptor == streams.STDOUT:
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-LINE_BYTES_MAX:]  # an endless line must not exhaust memory
            for line in lines:
                on_line(line.decode(errors="replace"))
        else:
            errors = (errors + chunk)[-ERRORS_BYTES_MAX:]
    return errors


def _time_limit_error(container: str, limit_s: float) -> TimeLimitExceeded:
    return TimeLimitExceeded(
        f"a script in {container} took longer than {limit_s:g} s",
        code="script-timeout",
        hint="envkit down, then envkit up",
    )


def run_attached(
    engine: Engine,
    container: str,
    argv: Sequence[str],
    *,
    tty: bool,
    workdir: str | None = None,
    env: Mapping[str, str] | None = None,
    folder: str = "",
) -> int:
    """Run a program on the caller's stdin, stdout, stderr and terminal; return its exit code.

    Args:
        engine: Engine of the container.
        container: Name of the container.
        argv: Program and arguments.
        tty: Whether the program uses the caller's terminal.
        workdir: Working folder that is part of the image, or None.
        env: Environment variables to set.
        folder: Working folder that is not part of the image, or empty.

    Raises:
        ExecError: The program could not be started.
    """
    try:
        with end_on_interrupt(engine, container) as variables:
            all_variables = {**(env or {}), **variables}
            return _run_attached(engine, container, argv, tty=tty, workdir=workdir, env=all_variables, folder=folder)
    except streams.OutputClosed:
        return streams.SIGPIPE_EXIT_CODE


def _run_attached(
    engine: Engine,
    container: str,
    argv: Sequence[str],
    *,
    tty: bool,
    workdir: str | None,
    env: dict[str, str],
    folder: str,
) -> int:
    command = command_in_folder(folder, argv) if folder else argv
    with translate_errors(f"running a program in {container}"):
        exec_instance = engine.api.exec_create(
            container,
            list(command),
            stdin=True,
            stdout=True,
            stderr=True,
            tty=tty,
            workdir=workdir,
            environment=env,
        )
        output = OutputBuffer(streams.write, folder)
        with _start_exec(engine, exec_instance["Id"], tty=tty) as stream:
            if tty:
                _attach_terminal(engine, exec_instance["Id"], stream, output)
            else:
                streams.pump(stream, output, framed=True)
        code = _exit_code(engine, exec_instance["Id"])
        output.end(code, argv[0])
        return code


def run_raw(engine: Engine, container: str, argv: Sequence[str]) -> int:
    """Connect a program's stdin and stdout to the caller's, byte for byte, as an SSH ProxyCommand does."""
    return run_attached(engine, container, argv, tty=False)


@contextmanager
def attach(engine: Engine, container: str) -> Iterator[streams.Stream]:
    """Attach to stdin and output of a container that has not been started; yield the framed stream."""
    params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    with _half_closable_stream(engine.api.attach_socket(container, params=params)) as stream:
        yield stream


@contextmanager
def _start_exec(engine: Engine, exec_id: str, *, tty: bool) -> Iterator[streams.Stream]:
    with _half_closable_stream(engine.api.exec_start(exec_id, tty=tty, socket=True)) as stream:
        yield stream


@contextmanager
def _half_closable_stream(stream: Any) -> Iterator[streams.Stream]:
    # The SDK wraps the connection in a reader; only the socket below can be half-closed.
    connection: sockets.socket = getattr(stream, "_sock", stream)
    buffered = _read_buffered(connection, getattr(stream, "_response", None))
    connection.settimeout(None)
    with ExitStack() as stack:
        # Each of these keeps the connection open.
        for resource in (connection, stream, getattr(stream, "_response", None)):
            if resource is not None:
                stack.callback(resource.close)
        yield streams.BufferedStream(connection, buffered)


def _read_buffered(connection: sockets.socket, response: Any) -> bytes:
    """Return the output that the SDK buffered while it read the headers of the response."""
    if response is None:
        return b""
    connection.settimeout(0)  # do not wait for more
    buffered: bytes = response.raw._fp.fp.peek()  # noqa: SLF001 - the SDK has no public access
    return buffered


def _exit_code(engine: Engine, exec_id: str) -> int:
    return streams.require_exit_code(engine.api.exec_inspect(exec_id)["ExitCode"])


def _attach_terminal(
    engine: Engine, exec_id: str, stream: streams.Stream, on_output: Callable[[int, bytes], None]
) -> None:
    """Connect the caller's terminal to the program: in raw mode, with its size, restored at the end."""
    import termios
    import tty

    saved_attributes = termios.tcgetattr(0)

    def resize(*_: object) -> None:
        # Fails if the program has just exited; a running program works without the size, too.
        with suppress(EngineError, OSError), translate_errors("resizing a terminal"):
            size = os.get_terminal_size(1)
            engine.api.exec_resize(exec_id, height=size.lines, width=size.columns)

    previous_handler = signal.signal(signal.SIGWINCH, resize)
    try:
        tty.setraw(0)
        resize()
        streams.pump(stream, on_output, framed=False)
    finally:
        signal.signal(signal.SIGWINCH, previous_handler)
        termios.tcsetattr(0, termios.TCSADRAIN, saved_attributes)
