"""What goes on: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from envkit.cli.output.progress import ProgressPrinter, format_line, format_live_line
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP = Progress("build", "installing Python packages", step=(29, 38))
CACHED = Progress("build", "copying files", step=(3, 38), verbose=True)
PRINTED = Progress("build", "Unpacking tree (2.1.0-1)", verbose=True)
PROBE = Progress("probe", "proving TensorFlow, SSH and TensorBoard")


class Terminal(io.StringIO):
    """A terminal of a width."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def drawn(news: Iterable[Progress], monkeypatch: pytest.MonkeyPatch, *, verbose: bool = False) -> str:
    terminal = Terminal()
    for name, value in {"TERM": "xterm", "COLUMNS": "60"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressPrinter(quiet=False, verbose=verbose) as say:
        for one in news:
            say(one)
            if say._live is not None:  # no clock decides what is drawn
                say._live.refresh()
    return terminal.getvalue()


@pytest.mark.parametrize(
    ("news", "seconds", "width", "shown"),
    [
        (STEP, 12.3, 80, "build 29/38 · installing Python packages · 12 s"),
        (STEP, 75, 80, "build 29/38 · installing Python packages · 1 min 15 s"),
        (STEP, 12.3, 30, "build 29/38 · installi… · 12 s"),
        (PROBE, 0, 80, "probe · proving TensorFlow, SSH and TensorBoard · 0 s"),
    ],
)
def test_the_live_line_fits_and_keeps_its_time(news: Progress, seconds: float, width: int, shown: str) -> None:
    assert format_live_line(news, seconds, width) == shown
    assert len(shown) <= width


def test_a_line_of_its_own_names_the_step() -> None:
    assert format_line(STEP) == "build: step 29 of 38: installing Python packages"
    assert format_line(Progress("build", "\x1b[2J")) == r"build: \x1b[2J"


def test_a_terminal_shows_the_step_and_not_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn([CACHED, STEP, PRINTED], monkeypatch)
    assert "build 3/38 · copying files" in seen
    assert "build 29/38 · installing Python packages · 0 s" in seen
    assert "Unpacking" not in seen


def test_a_line_that_is_too_long_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn([Progress("build", "x" * 500)], monkeypatch)
    assert "x…" in seen
    assert "x" * 60 not in seen


def test_with_verbose_a_terminal_shows_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Unpacking tree" in drawn([STEP, PRINTED], monkeypatch, verbose=True)
