# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""Our own output and terminal are not the engine: what goes wrong with them is not told as its failure."""

from __future__ import annotations

import os
import pty
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest

from envkit.engines import execs
from envkit.engines.connect import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = 1


class Api:
    """A stand-in for the engine's API: a program that printed something and ended."""

    def __init__(self, printed: bytes, resized: Exception | None = None) -> None:
        self.ours, self.its = socket.socketpair()
        self.its.sendall(printed)
        self.its.shutdown(socket.SHUT_WR)
        self.resized = resized

    def exec_create(self, container: str, argv: list[str], **settings: Any) -> dict[str, str]:
        return {"Id": "1"}

    def exec_start(self, exec_id: str, *, tty: bool, socket: bool) -> socket.socket:
        return self.ours

    def exec_inspect(self, exec_id: str) -> dict[str, int]:
        return {"ExitCode": 7}

    def exec_resize(self, exec_id: str, *, height: int, width: int) -> None:
        if self.resized:
            raise self.resized


def run(api: Api, *, tty: bool = False) -> int:
    try:
        return execs.attached(Engine("unix:///x", api), "c", ["cat", "big"], tty=tty)  # type: ignore[arg-type]
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
