"""Run programs: always from a list of arguments, never in a shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DEVNULL = Path(os.devnull)
STDERR_FD = 2
TimeoutExpired = subprocess.TimeoutExpired  # only this module imports subprocess


@dataclass(frozen=True, slots=True)
class CompletedProcess:
    """A process that has ended.

    Attributes:
        code: Exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str


def which(program: str) -> str | None:
    """Return the path of a program, or None. `/usr/sbin` is searched too: a user's PATH often lacks it."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return shutil.which(program, path=path)


def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    timeout_s: float = 60,
    env: Mapping[str, str] | None = None,
    replace_env: bool = False,
) -> CompletedProcess:
    """Run a program to its end and capture its output.

    Args:
        argv: Program and arguments.
        stdin: Text for its standard input.
        timeout_s: Time limit, seconds.
        env: Variables that override those of this process.
        replace_env: Whether `env` is the program's whole environment.

    Raises:
        OSError: The program could not be started.
        TimeoutExpired: It ran longer than `timeout_s` and was killed.
    """
    group, pipe = _process_group.get(), subprocess.PIPE

    def spawn() -> subprocess.Popen[str]:
        return subprocess.Popen(
            list(argv),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            errors="replace",
            env=_merge_env(env, replace_env=replace_env),
            start_new_session=group is not None,
        )

    with group.start(spawn) if group else spawn() as process:
        try:
            out, err = process.communicate(stdin, timeout_s)
        except BaseException:
            _kill(process, group=group is not None)
            raise
        return CompletedProcess(process.returncode, out, err)


@contextmanager
def kill_on_error() -> Iterator[None]:
    """Kill the programs that `run` started in the block, with their children, if an exception leaves the block.

    After that no program starts. This includes threads that run in the block's context: they receive no interrupt, so
    a program that one of them waits for would keep running.
    """
    group = _ProcessGroup()
    token = _process_group.set(group)
    try:
        yield
    except BaseException:
        group.kill()
        raise
    finally:
        _process_group.reset(token)


class _ProcessGroup:
    """The running programs of one block, each in its own session."""

    def __init__(self) -> None:
        self._lock, self._is_killed = Lock(), False
        self._processes: set[subprocess.Popen[str]] = set()

    @contextmanager
    def start(self, spawn: Callable[[], subprocess.Popen[str]]) -> Iterator[subprocess.Popen[str]]:
        with self._lock:
            if self._is_killed:
                raise PreconditionError("interrupted", code="interrupted")
            process = spawn()
            self._processes.add(process)
        try:
            with process:
                yield process
        finally:
            with self._lock:
                self._processes.discard(process)

    def kill(self) -> None:
        with self._lock:
            self._is_killed = True
            for process in self._processes:
                _kill(process, group=True)


_process_group: ContextVar[_ProcessGroup | None] = ContextVar("process_group", default=None)


def run_detached(argv: Sequence[str], *, timeout_s: float) -> int | None:
    """Run a program without streams, so that processes it leaves behind hold none of envkit's streams open.

    Returns:
        Exit code, or None if it ran longer than `timeout_s` and was killed.

    Raises:
        OSError: The program could not be started.
    """
    devnull = subprocess.DEVNULL
    try:
        result = subprocess.run(
            list(argv), stdin=devnull, stdout=devnull, stderr=devnull, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return result.returncode


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    replace_env: bool = False,
    stdin_path: Path = DEVNULL,
) -> int:
    """Run a program, pass on each line of its output and errors, and return its exit code.

    An exception, including an interrupt, ends the program before it propagates.

    Args:
        argv: Program and arguments.
        on_line: Callback for each line.
        env: Variables that override those of this process.
        replace_env: Whether `env` is the program's whole environment.
        stdin_path: File for its standard input.

    Raises:
        OSError: The program could not be started.
    """
    with (
        stdin_path.open("rb") as stdin,
        subprocess.Popen(
            list(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_merge_env(env, replace_env=replace_env),
            errors="replace",
            start_new_session=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                on_line(line.rstrip("\n"))
        except BaseException:
            _terminate(process)
            raise
        return process.wait()


def call(argv: Sequence[str], *, env: Mapping[str, str] | None = None, to_stderr: bool = False) -> int:
    """Run a program on the caller's terminal and return its exit code, or 128 plus the number of a fatal signal.

    Args:
        argv: Program and arguments.
        env: Variables that override those of this process.
        to_stderr: Whether its output goes to stderr, because stdout is reserved for a report.

    Raises:
        OSError: The program could not be started.
    """
    code = subprocess.call(list(argv), env=_merge_env(env), stdout=STDERR_FD if to_stderr else None)
    return code if code >= 0 else 128 - code


@dataclass(frozen=True, slots=True)
class BackgroundProcess:
    """A program that runs in the background.

    Attributes:
        is_alive: Function that checks whether it is still running.
        wait: Function that waits for its end and returns its exit code.
    """

    is_alive: Callable[[], bool]
    wait: Callable[[], int]


@contextmanager
def run_in_background(argv: Sequence[str]) -> Iterator[BackgroundProcess]:
    """Run a program in the background, and end it when the block is left; its errors go to envkit's stderr.

    Closing the terminal or pressing Ctrl-C ends both.

    Raises:
        OSError: The program could not be started.
    """
    with subprocess.Popen(list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield BackgroundProcess(lambda: process.poll() is None, process.wait)
        finally:
            process.terminate()
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()


def _merge_env(env: Mapping[str, str] | None, *, replace_env: bool = False) -> dict[str, str] | None:
    if replace_env:
        return dict(env or {})
    return {**os.environ, **env} if env else None


def _kill(process: subprocess.Popen[str], *, group: bool) -> None:
    if not group:
        process.kill()
    elif process.poll() is None:  # otherwise its number may belong to another process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _terminate(process: subprocess.Popen[str]) -> None:
    # The program has its own session, so Ctrl-C reaches envkit first; the signal also ends the program's children.
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=3)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
