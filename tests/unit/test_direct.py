"""A program without the SDK: bytes go both ways whole, and whatever is not plain is left to the ordinary road."""

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
from envkit.net import http
from tests.unit.plain_engine import GREETING, RAW, STREAMS, answer, engine_at, typed
from tests.unit.test_execs import MISSING, framed

if TYPE_CHECKING:
    from pathlib import Path

SSHD = ("/usr/sbin/sshd", "-i")


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "engine"


def test_bytes_go_both_ways_from_the_first_to_the_last(door: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with engine_at(door) as engine, typed(b"\0typed\xff"):
        assert fast_exec.run_raw(engine.address, "c", SSHD) == 7
    assert capfdbinary.readouterr() == (GREETING + b"\0typed\xff", b"")
    made, started, ended = engine.asked
    assert made[1] == {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": [*SSHD]}
    assert started == ("POST /exec/e%2F1/start", {"Detach": False, "Tty": False})
    assert ended[0] == "GET /exec/e%2F1/json"


@pytest.mark.parametrize("agrees", STREAMS)
def test_an_engine_that_starts_it_without_a_word_of_change_is_heard(
    agrees: bytes, door: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    started = {"POST /exec/e%2F1/start": agrees + framed(GREETING)}
    with engine_at(door, answers=started) as engine, typed(b"typed"):
        assert fast_exec.run_raw(engine.address, "c", SSHD) == 7
    assert capfdbinary.readouterr() == (GREETING + b"typed", b"")


def test_what_the_program_says_on_stderr_comes_there(door: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with engine_at(door, says=struct.pack(">BxxxL", 2, 2) + b"no") as engine, typed(b""):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert capfdbinary.readouterr() == (b"", b"no")


def test_a_reader_that_left_ends_it_as_any_program(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def left(*_: object) -> None:
        raise streams.OutputClosed

    monkeypatch.setattr(streams, "write", left)
    with engine_at(door) as engine, typed(b""):
        assert fast_exec.run_raw(engine.address, "c", SSHD) == 141  # 128 and the number of SIGPIPE


def test_a_program_that_is_not_there_is_told_in_words(door: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with engine_at(door, says=framed(MISSING), code=126) as engine, typed(b""), pytest.raises(CommandNotFound):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert capfdbinary.readouterr().out == b""


def test_a_reader_that_left_before_the_last_words_ends_it_as_any_program(
    door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(*_: object) -> None:
        raise streams.OutputClosed

    monkeypatch.setattr(streams, "write", left)
    held_back = framed(b"OCI runtime exec failed")  # until the exit code tells whose words these are
    with engine_at(door, says=held_back) as engine, typed(b""):
        assert fast_exec.run_raw(engine.address, "c", SSHD) == 141


@pytest.mark.parametrize("said", [b"", b"x"])
def test_an_engine_that_is_gone_at_the_end_is_told_as_gone(said: bytes, door: Path) -> None:
    with (
        engine_at(door, answers={"GET /exec/e%2F1/json": said}) as engine,
        typed(b""),
        pytest.raises(EngineUnavailable, match="the engine went away while running a program in c") as error,
    ):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert "start it again" in error.value.hint


def test_a_connection_that_breaks_is_told_as_an_engine_that_is_gone(
    door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(streams, "pump", broken)
    with engine_at(door) as engine, pytest.raises(EngineUnavailable, match="went away") as error:
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert error.value.detail == "ConnectionResetError"


def test_an_output_that_takes_nothing_is_no_engine_that_is_gone(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(streams, "write", full)
    with engine_at(door) as engine, typed(b""), pytest.raises(OSError, match="No space left on device"):
        fast_exec.run_raw(engine.address, "c", SSHD)


def test_a_slow_engine_has_as_long_for_each_answer_as_on_the_ordinary_road(
    door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[object] = []

    def limited(name: str) -> None:
        ask = getattr(http, name)

        def asked(*given: Any, timeout_s: float | None = None) -> Any:
            limits.append(timeout_s)
            return ask(*given, timeout_s=timeout_s)

        monkeypatch.setattr(http, name, asked)

    for name in ("post_unix", "upgrade_unix", "get_unix"):
        limited(name)
    with engine_at(door) as engine, typed(b""):
        fast_exec.run_raw(engine.address, "c", SSHD)
    assert limits == [client.TIMEOUT_S] * 3


@pytest.mark.parametrize("said", [answer(200, {"ExitCode": None}), answer(500, {}), answer(200, [])])
def test_an_engine_that_lets_go_of_the_program_is_told(said: bytes, door: Path) -> None:
    with (
        engine_at(door, answers={"GET /exec/e%2F1/json": said}) as engine,
        typed(b""),
        pytest.raises(ExecError, match="let go of the program"),
    ):
        fast_exec.run_raw(engine.address, "c", SSHD)


@pytest.mark.parametrize(
    "said",
    [
        ("POST /containers/c/exec", answer(409, {"message": "it is paused"})),
        ("POST /containers/c/exec", answer(201, {})),
        ("POST /containers/c/exec", answer(201, [])),
        ("POST /containers/c/exec", b"HTTP/1.1 201 x\r\n\r\n{"),
        ("POST /exec/e%2F1/start", answer(500, {"message": "no"})),
        ("POST /exec/e%2F1/start", b""),
        ("POST /exec/e%2F1/start", b"HTTP/1.1 101 x\r\n"),
        ("POST /exec/e%2F1/start", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("POST /exec/e%2F1/start", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"),
        ("POST /exec/e%2F1/start", RAW[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"),
        ("POST /exec/e%2F1/start", RAW[:-2] + b"Content-Length: 0\r\n\r\n"),
    ],
)
def test_what_an_engine_does_not_plainly_do_is_for_the_ordinary_road(
    said: tuple[str, bytes], door: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with engine_at(door, answers=dict([said])) as engine, typed(b"x"):
        assert fast_exec.run_raw(engine.address, "c", SSHD) is None
        assert os.read(0, 2) == b"x"  # it is there for whoever comes next
    assert capfdbinary.readouterr() == (b"", b"")


def test_an_answer_without_an_end_is_none(door: Path) -> None:
    endless = b"HTTP/1.1 101 x\r\nA: " + b"a" * (2 * http.HEAD_BYTES_MAX)
    with engine_at(door, answers={"POST /exec/e%2F1/start": endless}) as engine, typed(b""):
        assert fast_exec.run_raw(engine.address, "c", SSHD) is None


def test_an_answer_that_comes_byte_by_byte_has_one_time_limit(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # a second for every look at it
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    slow = b"HTTP/1.1 101 UPGRADED\r\nA: " + b"a" * 60 + b"\r\n\r\n"
    with engine_at(door, answers={"POST /exec/e%2F1/start": slow}) as engine, typed(b""):
        assert fast_exec.run_raw(engine.address, "c", SSHD) is None


def test_an_engine_that_is_not_there_is_for_the_ordinary_road(door: Path) -> None:
    assert fast_exec.run_raw(f"unix://{door}", "c", SSHD) is None
    assert http.upgrade_unix(str(door), "/", {}) is None
