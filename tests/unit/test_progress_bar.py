"""Progress bar: shown only on a terminal and for slow work."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from envkit.cli.output.progress_bar import ProgressBar

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def count_total() -> int:
    return 4


def draw(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, after_s: float, quiet: bool = False) -> str:
    now = [0.0]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with ProgressBar("searching", quiet=quiet, clock=lambda: now[0]) as bar:
        bar(0, count_total)
        now[0] = after_s
        bar(1, count_total)
        bar(2, count_total)
    return stream.getvalue()


def test_bar_of_slow_work_is_shown_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    output = draw(monkeypatch, Terminal(), after_s=1.5)
    assert "searching" in output
    assert output.endswith("\x1b[2K")


def test_no_bar_for_fast_work_quiet_or_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for case, stream, after_s, quiet in (
        ("fast", Terminal(), 0.5, False),
        ("quiet", Terminal(), 5, True),
        ("pipe", io.StringIO(), 5, False),
    ):
        assert draw(monkeypatch, stream, after_s=after_s, quiet=quiet) == "", case
