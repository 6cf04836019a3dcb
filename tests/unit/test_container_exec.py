# ruff: noqa: ARG002 - the fake has the signatures of the engine's API
"""Programs in a container keep output and exit code; failures of this process's own output are not engine errors."""

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
from tests.support.fake_machine import answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STDOUT = 1


class Api:
    """A fake of the engine's API: a program that has printed something and exited."""

    def __init__(self, output: bytes, resize_error: Exception | None = None, code: int = 7) -> None:
        self.code, self.argv = code, [""]
        self.client_socket, self.server_socket = socket.socketpair()
        self.server_socket.sendall(output)
        self.server_socket.shutdown(socket.SHUT_WR)
        self.resize_error = resize_error

    def exec_create(self, container: str, argv: list[str], **settings: Any) -> dict[str, str]:
        self.argv = argv
        return {"Id": "1"}

    def exec_start(self, exec_id: str, *, tty: bool, socket: bool) -> socket.socket:
        return self.client_socket

    def exec_inspect(self, exec_id: str) -> dict[str, int]:
        return {"ExitCode": self.code}

    def exec_resize(self, exec_id: str, *, height: int, width: int) -> None:
        if self.resize_error:
            raise self.resize_error


def run(api: Api, *, tty: bool = False, folder: str = "") -> int:
    try:
        engine = Engine("unix:///x", api)  # type: ignore[arg-type]
        return container_exec.run_attached(engine, "c", ["cat", "big"], tty=tty, folder=folder)
    finally:
        api.server_socket.close()


@contextmanager
def redirected(*descriptors: int, to: int) -> Iterator[None]:
    saved_descriptors = {number: os.dup(number) for number in descriptors}
    try:
        for number in descriptors:
            os.dup2(to, number)
        yield
    finally:
        for number, saved in saved_descriptors.items():
            os.dup2(saved, number)
            os.close(saved)


def test_output_sent_with_the_response_headers_is_kept(tmp_path: Path) -> None:
    head = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n\r\n"
    for size in (1, 5, 9000):
        path, text = tmp_path / f"engine-{size}", b"x" * size
        sdk = docker.APIClient(base_url=f"unix://{path}", version="1.41")
        with (
            answering(path, head + framed(text, b"end")),
            container_exec._start_exec(Engine("unix:///x", sdk), "1", tty=False) as stream,
        ):
            frames = list(streams.read_frames(stream))
        assert {number for number, _ in frames} == {STDOUT}, size
        assert b"".join(chunk for _, chunk in frames) == text + b"end", size
        sdk.close()


def test_a_closed_stdout_exits_as_after_sigpipe() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with redirected(STDOUT, to=write_end):
        os.close(write_end)
        code = run(Api(struct.pack(">BxxxL", STDOUT, 3) + b"abc"))
    assert code == 141  # 128 and the number of SIGPIPE


def test_a_failed_resize_does_not_end_the_session() -> None:
    for error in (docker.errors.APIError("the program is not running"), ConnectionResetError(), None):
        terminal, program_side = pty.openpty()
        with redirected(0, STDOUT, to=program_side):
            code = run(Api(b"bye", error), tty=True)
        output = os.read(terminal, 100)
        os.close(terminal)
        os.close(program_side)
        assert code == 7, error
        assert b"bye" in output, error


def framed(*chunks: bytes) -> bytes:
    return b"".join(struct.pack(">BxxxL", STDOUT, len(chunk)) + chunk for chunk in chunks)


OCI = b'OCI runtime exec failed: exec failed: unable to start container process: exec: "cat": '
MISSING = OCI + b"executable file not found in $PATH: unknown\r\n"
DENIED = OCI + b"permission denied: unknown\r\n"


def test_a_failed_start_has_the_error_and_code_of_a_shell(capfd: pytest.CaptureFixture[str]) -> None:
    not_found, not_executable = (CommandNotFound, "command-not-found"), (CommandNotExecutable, "command-not-executable")
    shell = b"/workspace/sub: 1: "
    cases = [
        (MISSING, 126, *not_found, "'cat'"),
        (MISSING, 127, *not_found, "'cat'"),
        (DENIED, 126, *not_executable, "it is not executable"),
        (OCI + b"exec format error\n", 126, *not_executable, "another architecture"),
        (shell + b"exec: cat: not found\n", 127, *not_found, "'cat'"),
        (shell + b"exec: cat: Permission denied\n", 126, *not_executable, "it is not executable"),
        (shell + b"cd: can't cd to /workspace/sub\n", 125, ExecError, "workdir-not-found", "this folder"),
    ]
    for output, code, error_type, error_code, text in cases:
        with pytest.raises(error_type, match=text) as failed:
            run(Api(framed(output), code=code), folder="/workspace/sub")
        assert (type(failed.value), failed.value.code) == (error_type, error_code), output
        assert capfd.readouterr().out == "", output


def test_a_shell_error_in_several_chunks_is_recognized(capfd: pytest.CaptureFixture[str]) -> None:
    chunks = (b"/workspace/", b"sub: 1: ", b"exec: cat: ", b"not found\n")
    with pytest.raises(CommandNotFound):
        run(Api(framed(*chunks), code=127), folder="/workspace/sub")
    assert capfd.readouterr().out == ""


def test_output_of_a_program_that_ran_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    cases: list[tuple[tuple[bytes, ...], int]] = [
        ((MISSING,), 0),
        ((MISSING, b"and more\n"), 127),
        ((b"hello\n", MISSING), 127),
        ((b"/workspace/sub: 1: x\n",), 1),
        ((b"/work",), 127),
    ]
    for folder in ("", "/workspace/sub"):
        for chunks, code in cases:
            assert run(Api(framed(*chunks), code=code), folder=folder) == code, chunks
            assert capfd.readouterr().out.encode() == b"".join(chunks), (folder, code)


def test_the_working_folder_is_an_argument_of_the_script() -> None:
    api = Api(b"")
    run(api, folder='/workspace/$(x)"')
    assert api.argv == ["/bin/sh", "-c", CHDIR_SCRIPT, '/workspace/$(x)"', "cat", "big"]
