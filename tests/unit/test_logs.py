"""Output of `envkit logs`: escaped on a terminal, byte for byte in a pipe."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.cli.verbs import exec as verbs
from envkit.commands import logs as command
from envkit.environment import project

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = b"\x1b]0;owned\x07"


@pytest.fixture
def log_chunks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list of chunks that the engine delivers, for tests to fill."""
    chunks: list[bytes] = []

    def logs(*_: object, **__: object) -> Iterable[bytes]:
        return iter(chunks)

    monkeypatch.setattr(project, "find_environment", lambda *_: None)
    monkeypatch.setattr(command, "logs", logs)
    return chunks


def terminal_output(monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8", *, follow: bool = True) -> bytes:
    """Run `envkit logs` on a terminal and return its output."""
    controller_fd, terminal_fd = pty.openpty()
    with open(terminal_fd, "w", encoding=encoding) as terminal, monkeypatch.context() as patch:  # noqa: PTH123 - a descriptor
        patch.setattr(sys, "stdout", terminal)
        assert verbs.logs(Path(), None, follow, None) == 0
    output = b"".join(iter(lambda: _read(controller_fd), b""))
    os.close(controller_fd)
    return output.replace(b"\r\n", b"\n")


def _read(fd: int) -> bytes:
    """Read the next piece; after the last one, the kernel reports an error."""
    try:
        return os.read(fd, 1 << 16)
    except OSError:
        return b""


@pytest.mark.proves("container code cannot control the terminal that shows its log", "real")
def test_terminal_output_has_no_control_characters(log_chunks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    cases = (
        ([b"one\ntwo\n"], "one\ntwo\n"),
        ([b"a\x1b[2Jb\n"], "a\\x1b[2Jb\n"),
        ([b"a\x1b", b"[2J", b"b\n"], "a\\x1b[2Jb\n"),
        ([TITLE], "\\x1b]0;owned\\x07\n"),
        (["\u202efdp".encode()], "\\u202efdp\n"),
        ([b"\xc2", b"\x9b31m\n"], "\\x9b31m\n"),
        ([b"\x9b31m\n"], "\\x9b31m\n"),
        ([b"over\rwritten\r\n"], "over\\rwritten\n"),
        (["gr\u00fc\u00dfe".encode()[:3], "gr\u00fc\u00dfe".encode()[3:]], "gr\u00fc\u00dfe\n"),
    )
    for follow in (True, False):
        for chunks, expected in cases:
            log_chunks[:] = chunks
            assert terminal_output(monkeypatch, follow=follow).decode() == expected, (chunks, follow)


def test_ascii_terminal_replaces_other_characters(log_chunks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    log_chunks.append("gr\u00fcn\n".encode())
    assert terminal_output(monkeypatch, "ascii") == b"gr?n\n"


def test_endless_line_is_split(log_chunks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "LINE_BYTES_MAX", 4)
    log_chunks += [b"abc", b"def", b"gh\x1b"]
    assert list(verbs._sanitize_output(log_chunks)) == [b"abcdef\n", b"gh\\x1b\n"]


def test_pipe_receives_every_byte(log_chunks: list[bytes], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log_chunks += [b"a\x1b[2J\xff\r", b"b"]
    assert verbs.logs(Path(), None, False, None) == 0  # noqa: FBT003 - Typer passes values by position
    assert capfdbinary.readouterr().out == b"a\x1b[2J\xff\rb"
