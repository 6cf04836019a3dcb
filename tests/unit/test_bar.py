"""The bar: on a terminal alone, and only when it takes long."""

from __future__ import annotations

import io
import sys

import pytest

from envkit.cli.output.progress_bar import ProgressBar


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def whole() -> int:
    return 4


def drawn(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, after_s: float, quiet: bool = False) -> str:
    now = [0.0]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with ProgressBar("looking", quiet=quiet, clock=lambda: now[0]) as bar:
        bar(0, whole)
        now[0] = after_s
        bar(1, whole)
        bar(2, whole)
    return stream.getvalue()


def test_what_takes_long_is_shown_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(monkeypatch, Terminal(), after_s=1.5)
    assert "looking" in shown
    assert shown.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("stream", "after_s", "quiet"),
    [
        (Terminal(), 0.5, False),
        (Terminal(), 5, True),
        (io.StringIO(), 5, False),
    ],
    ids=["quick", "quiet", "no terminal"],
)
def test_otherwise_there_is_none(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, after_s: float, *, quiet: bool
) -> None:
    assert drawn(monkeypatch, stream, after_s=after_s, quiet=quiet) == ""
