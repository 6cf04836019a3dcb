"""Running a program without the SDK copies all bytes both ways, and leaves every unexpected answer to the SDK."""

from __future__ import annotations

import errno
import itertools
import os
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from envkit.backends.docker import client, fast_exec, streams
from envkit.errors import CommandNotFound, EngineUnavailable, ExecError
from envkit.net import unix_http
from tests.support.recorded_engine import GREETING, RAW, STREAMS, answer, engine_at, stdin_text
from tests.unit.test_container_exec import MISSING, framed

if TYPE_CHECKING:
    from pathlib import Path

SSHD = ("/usr/sbin/sshd", "-i")
START, EXIT_CODE = "POST /exec/e%2F1/start", "GET /exec/e%2F1/json"


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "engine"


@pytest.fixture
def closed_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_closed(*_: object) -> None:
        raise streams.OutputClosed

    monkeypatch.setattr(streams, "write", raise_closed)


def test_all_bytes_are_copied_both_ways(socket_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with engine_at(socket_path) as engine, stdin_text(b"\0typed\xff"):
        assert fast_exec.run_raw(engine.address, "c", SSHD) == 7
    assert capfdbinary.readouterr() == (GREETING + b"\0typed\xff", b"")
    create, start, exit_code = engine.requests
    assert create[1] == {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": [*SSHD]}
    assert start == (START, {"Detach": False, "Tty": False})
    assert exit_code[0] == EXIT_CODE


def test_a_stream_without_an_upgrade_is_read(socket_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for response in STREAMS:
        answers = {START: response + framed(GREETING)}
        with engine_at(socket_path, answers=answers) as engine, stdin_text(b"typed"):
            assert fast_exec.run_raw(engine.address, "c", SSHD) == 7, response
        assert capfdbinary.readouterr() == (GREETING + b"typed", b""), response


def test_stderr_of_the_program_goes_to_stderr(socket_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with engine_at(socket_path, output=struct.pack(">BxxxL", 2, 2) + b"no") as engine, stdin_text(b""):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert capfdbinary.readouterr() == (b"", b"no")


@pytest.mark.usefixtures("closed_stdout")
def test_a_closed_stdout_exits_as_after_sigpipe(socket_path: Path) -> None:
    # The second output is buffered until the exit code shows whether it is an error of the engine.
    for output in (framed(GREETING), framed(b"OCI runtime exec failed")):
        with engine_at(socket_path, output=output) as engine, stdin_text(b""):
            assert fast_exec.run_raw(engine.address, "c", SSHD) == 141, output  # 128 and the number of SIGPIPE


def test_a_missing_program_is_reported(socket_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with (
        engine_at(socket_path, output=framed(MISSING), code=126) as engine,
        stdin_text(b""),
        pytest.raises(CommandNotFound),
    ):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert capfdbinary.readouterr().out == b""


def test_an_engine_that_is_gone_at_the_end_is_reported(socket_path: Path) -> None:
    for response in (b"", b"x"):
        with (
            engine_at(socket_path, answers={EXIT_CODE: response}) as engine,
            stdin_text(b""),
            pytest.raises(EngineUnavailable, match="running a program in c") as error,
        ):
            fast_exec.run_raw(engine.address, "c", SSHD)
        assert error.value.code == "engine-connection-lost", response
        assert "start it again" in error.value.hint, response


def test_a_broken_connection_is_reported(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_reset(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(streams, "pump", raise_reset)
    with engine_at(socket_path) as engine, pytest.raises(EngineUnavailable) as error:
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert (error.value.code, error.value.detail) == ("engine-connection-lost", "ConnectionResetError")


def test_a_full_disk_behind_stdout_is_not_an_engine_error(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(streams, "write", raise_full)
    with engine_at(socket_path) as engine, stdin_text(b""), pytest.raises(OSError, match="No space left on device"):
        fast_exec.run_raw(engine.address, "c", SSHD)


def test_answers_have_the_same_time_limit_as_with_the_sdk(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[object] = []

    def record_limit(name: str) -> None:
        function = getattr(unix_http, name)

        def wrapper(*arguments: Any, timeout_s: float | None = None) -> Any:
            limits.append(timeout_s)
            return function(*arguments, timeout_s=timeout_s)

        monkeypatch.setattr(unix_http, name, wrapper)

    for name in ("post", "upgrade", "get"):
        record_limit(name)
    with engine_at(socket_path) as engine, stdin_text(b""):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert limits == [client.TIMEOUT_S] * 3


def test_a_missing_exit_code_is_reported(socket_path: Path) -> None:
    for response in (answer(200, {"ExitCode": None}), answer(500, {}), answer(200, [])):
        with (
            engine_at(socket_path, answers={EXIT_CODE: response}) as engine,
            stdin_text(b""),
            pytest.raises(ExecError) as error,
        ):
            fast_exec.run_raw(engine.address, "c", SSHD)
        assert error.value.code == "exec-connection-lost", response


def test_unexpected_answers_are_left_to_the_sdk(socket_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    create = "POST /containers/c/exec"
    cases = [
        (create, answer(409, {"message": "it is paused"})),
        (create, answer(201, {})),
        (create, answer(201, [])),
        (create, b"HTTP/1.1 201 x\r\n\r\n{"),
        (START, answer(500, {"message": "no"})),
        (START, b""),
        (START, b"HTTP/1.1 101 x\r\n"),
        (START, b"HTTP/1.1 200 OK\r\n\r\n"),
        (START, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"),
        (START, RAW[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"),
        (START, RAW[:-2] + b"Content-Length: 0\r\n\r\n"),
        (START, b"HTTP/1.1 101 x\r\nA: " + b"a" * (2 * unix_http.HEAD_BYTES_MAX)),
    ]
    for request, response in cases:
        with engine_at(socket_path, answers={request: response}) as engine, stdin_text(b"x"):
            assert fast_exec.run_raw(engine.address, "c", SSHD) is None, response
            assert os.read(0, 2) == b"x", response  # stdin is left to the SDK
        assert capfdbinary.readouterr() == (b"", b""), response


def test_a_response_byte_by_byte_has_one_time_limit(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # one second per call
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    slow_response = b"HTTP/1.1 101 UPGRADED\r\nA: " + b"a" * 60 + b"\r\n\r\n"
    with engine_at(socket_path, answers={START: slow_response}) as engine, stdin_text(b""):
        assert fast_exec.run_raw(engine.address, "c", SSHD) is None


def test_an_unreachable_engine_is_left_to_the_sdk(socket_path: Path) -> None:
    assert fast_exec.run_raw(f"unix://{socket_path}", "c", SSHD) is None
    assert unix_http.upgrade(str(socket_path), "/", {}) is None
