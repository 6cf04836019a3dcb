"""What the environment printed reaches a terminal as text alone, and a pipe byte for byte."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.cli.verbs import exec as verbs
from envkit.commands import inside
from envkit.environment import project

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = b"\x1b]0;owned\x07"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what the engine hands over; whoever fills it says what the environment printed."""
    chunks: list[bytes] = []

    def logs(*_: object, **__: object) -> Iterable[bytes]:
        return iter(chunks)

    monkeypatch.setattr(project, "find_environment", lambda *_: None)
    monkeypatch.setattr(inside, "logs", logs)
    return chunks


def shown(monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8", *, follow: bool = True) -> bytes:
    """Run `envkit logs` on a terminal and return what that gets."""
    ours, its = pty.openpty()
    with open(its, "w", encoding=encoding) as terminal:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", terminal)
        assert verbs.logs(Path(), None, follow, None) == 0
        monkeypatch.undo()
    got = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return got.replace(b"\r\n", b"\n")


def _read(terminal: int) -> bytes:
    """Read what comes next; the kernel hands it over in pieces, and fails after the last of them."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


@pytest.mark.proves("what runs inside cannot paint the terminal that reads its log", "real")
@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"one\ntwo\n"], "one\ntwo\n"),
        ([b"a\x1b[2Jb\n"], "a\\x1b[2Jb\n"),
        ([b"a\x1b", b"[2J", b"b\n"], "a\\x1b[2Jb\n"),
        ([TITLE], "\\x1b]0;owned\\x07\n"),
        (["\u202efdp".encode()], "\\u202efdp\n"),
        ([b"\xc2", b"\x9b31m\n"], "\\x9b31m\n"),
        ([b"\x9b31m\n"], "\\x9b31m\n"),
        ([b"over\rwritten\r\n"], "over\\rwritten\n"),
        (["gr\u00fc\u00dfe".encode()[:3], "gr\u00fc\u00dfe".encode()[3:]], "gr\u00fc\u00dfe\n"),
    ],
)
@pytest.mark.parametrize("follow", [True, False])
def test_a_terminal_gets_text_alone(
    printed: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    chunks: list[bytes],
    expected: str,
    *,
    follow: bool,
) -> None:
    printed += chunks
    assert shown(monkeypatch, follow=follow).decode() == expected


def test_a_terminal_that_knows_ascii_alone_is_no_failure(printed: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    printed.append("gr\u00fcn\n".encode())
    assert shown(monkeypatch, "ascii") == b"gr?n\n"


def test_a_line_without_end_is_shown_in_pieces(printed: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "LINE_BYTES_MAX", 4)
    printed += [b"abc", b"def", b"gh\x1b"]
    assert list(verbs._sanitize_output(printed)) == [b"abcdef\n", b"gh\\x1b\n"]


def test_a_pipe_gets_every_byte(printed: list[bytes], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    printed += [b"a\x1b[2J\xff\r", b"b"]
    assert verbs.logs(Path(), None, False, None) == 0  # noqa: FBT003 - as Typer calls it
    assert capfdbinary.readouterr().out == b"a\x1b[2J\xff\rb"
