# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""Our own output and terminal are not the engine: what goes wrong with them is not told as its failure."""

from __future__ import annotations

import os
import pty
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import pytest

from envkit.backends.docker import container_exec, streams
from envkit.backends.docker.client import Engine
from envkit.backends.docker.exec_errors import CHDIR_SCRIPT
from envkit.errors import CommandNotExecutable, CommandNotFound, ExecError
from tests.process.pretended import answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STDOUT = 1


class Api:
    """A stand-in for the engine's API: a program that printed something and ended."""

    def __init__(self, printed: bytes, resized: Exception | None = None, code: int = 7) -> None:
        self.code, self.argv = code, [""]
        self.ours, self.its = socket.socketpair()
        self.its.sendall(printed)
        self.its.shutdown(socket.SHUT_WR)
        self.resized = resized

    def exec_create(self, container: str, argv: list[str], **settings: Any) -> dict[str, str]:
        self.argv = argv
        return {"Id": "1"}

    def exec_start(self, exec_id: str, *, tty: bool, socket: bool) -> socket.socket:
        return self.ours

    def exec_inspect(self, exec_id: str) -> dict[str, int]:
        return {"ExitCode": self.code}

    def exec_resize(self, exec_id: str, *, height: int, width: int) -> None:
        if self.resized:
            raise self.resized


def run(api: Api, *, tty: bool = False, below: str = "") -> int:
    try:
        engine = Engine("unix:///x", api)  # type: ignore[arg-type]
        return container_exec.run_attached(engine, "c", ["cat", "big"], tty=tty, folder=below)
    finally:
        api.its.close()


@contextmanager
def standing_for(*descriptors: int, by: int) -> Iterator[None]:
    kept = {number: os.dup(number) for number in descriptors}
    try:
        for number in descriptors:
            os.dup2(by, number)
        yield
    finally:
        for number, saved in kept.items():
            os.dup2(saved, number)
            os.close(saved)


@pytest.mark.parametrize("size", [1, 5, 9000])
def test_output_that_comes_with_the_head_of_the_answer_is_not_lost(tmp_path: Path, size: int) -> None:
    head = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n\r\n"
    text = b"x" * size
    sdk = docker.APIClient(base_url=f"unix://{tmp_path}/engine", version="1.41")
    with (
        answering(tmp_path / "engine", head + framed(text, b"end")),
        container_exec._start_exec(Engine("unix:///x", sdk), "1", tty=False) as stream,
    ):
        seen = list(streams.read_frames(stream))
    assert {number for number, _ in seen} == {STDOUT}
    assert b"".join(chunk for _, chunk in seen) == text + b"end"
    sdk.close()


def test_a_reader_that_left_ends_the_program_as_it_would_any_other() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with standing_for(STDOUT, by=writes):
        os.close(writes)
        code = run(Api(struct.pack(">BxxxL", STDOUT, 3) + b"abc"))
    assert code == 141  # 128 and the number of SIGPIPE


@pytest.mark.parametrize(
    "resized", [docker.errors.APIError("the program is not running"), ConnectionResetError(), None]
)
def test_a_terminal_that_cannot_be_resized_ends_no_session(resized: Exception | None) -> None:
    ours, its = pty.openpty()
    with standing_for(0, STDOUT, by=its):
        code = run(Api(b"bye", resized), tty=True)
    shown = os.read(ours, 100)
    os.close(ours)
    os.close(its)
    assert code == 7
    assert b"bye" in shown


def framed(*chunks: bytes) -> bytes:
    return b"".join(struct.pack(">BxxxL", STDOUT, len(chunk)) + chunk for chunk in chunks)


OCI = b'OCI runtime exec failed: exec failed: unable to start container process: exec: "cat": '
MISSING = OCI + b"executable file not found in $PATH: unknown\r\n"
DENIED = OCI + b"permission denied: unknown\r\n"


@pytest.mark.parametrize(
    ("said", "code", "kind", "words"),
    [
        (MISSING, 126, CommandNotFound, "there is no program 'cat' in the workspace"),
        (MISSING, 127, CommandNotFound, "there is no program 'cat' in the workspace"),
        (DENIED, 126, CommandNotExecutable, "cannot be run: it is not executable"),
        (OCI + b"exec format error\n", 126, CommandNotExecutable, "no program for this machine"),
        (
            b"/workspace/sub: 1: exec: cat: not found\n",
            127,
            CommandNotFound,
            "there is no program 'cat' in the workspace",
        ),
        (b"/workspace/sub: 1: exec: cat: Permission denied\n", 126, CommandNotExecutable, "it is not executable"),
        (b"/workspace/sub: 1: cd: can't cd to /workspace/sub\n", 125, ExecError, "this folder is not in the workspace"),
    ],
)
def test_a_program_that_did_not_start_is_told_in_words_with_the_code_of_shells(
    said: bytes, code: int, kind: type[ExecError], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(kind, match=words) as failed:
        run(Api(framed(said), code=code), below="/workspace/sub")
    assert type(failed.value) is kind
    assert capfd.readouterr().out == ""


def test_what_the_shell_says_comes_in_pieces(capfd: pytest.CaptureFixture[str]) -> None:
    pieces = (b"/workspace/", b"sub: 1: ", b"exec: cat: ", b"not found\n")
    with pytest.raises(CommandNotFound):
        run(Api(framed(*pieces), code=127), below="/workspace/sub")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("below", ["", "/workspace/sub"])
@pytest.mark.parametrize(
    ("chunks", "code"),
    [
        ((MISSING,), 0),
        ((MISSING, b"and more\n"), 127),
        ((b"hello\n", MISSING), 127),
        ((b"/workspace/sub: 1: x\n",), 1),
        ((b"/work",), 127),
    ],
)
def test_what_a_program_prints_that_ran_is_passed_on(
    chunks: tuple[bytes, ...], code: int, below: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(Api(framed(*chunks), code=code), below=below) == code
    assert capfd.readouterr().out.encode() == b"".join(chunks)


def test_a_folder_below_is_an_argument_and_no_script() -> None:
    api = Api(b"")
    run(api, below='/workspace/$(x)"')
    assert api.argv == ["/bin/sh", "-c", CHDIR_SCRIPT, '/workspace/$(x)"', "cat", "big"]
