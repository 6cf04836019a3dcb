"""Progress: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from envkit.cli.output.progress import ProgressPrinter, format_line, format_live_line
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

STEP = Progress("build", "installing Python packages", step=(29, 38))
CACHED = Progress("build", "copying files", step=(3, 38), verbose=True)
PRINTED = Progress("build", "Unpacking tree (2.1.0-1)", verbose=True)
PROBE = Progress("probe", "proving TensorFlow, SSH and TensorBoard")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def draw(events: Iterable[Progress], monkeypatch: pytest.MonkeyPatch, *, verbose: bool = False) -> str:
    terminal = Terminal()
    for name, value in {"TERM": "xterm", "COLUMNS": "60"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressPrinter(quiet=False, verbose=verbose) as printer:
        for event in events:
            printer(event)
            if printer._live is not None:  # independent of the refresh rate
                printer._live.refresh()
    return terminal.getvalue()


def test_live_line_fits_and_keeps_its_time() -> None:
    for event, seconds, width, expected in (
        (STEP, 12.3, 80, "build 29/38 · installing Python packages · 12 s"),
        (STEP, 75, 80, "build 29/38 · installing Python packages · 1 min 15 s"),
        (STEP, 12.3, 30, "build 29/38 · installi… · 12 s"),
        (PROBE, 0, 80, "probe · proving TensorFlow, SSH and TensorBoard · 0 s"),
    ):
        assert format_live_line(event, seconds, width) == expected
        assert len(expected) <= width


def test_plain_line_names_the_step() -> None:
    assert format_line(STEP) == "build: step 29 of 38: installing Python packages"
    assert format_line(Progress("build", "\x1b[2J")) == r"build: \x1b[2J"


def test_terminal_shows_steps_without_build_output(monkeypatch: pytest.MonkeyPatch) -> None:
    output = draw([CACHED, STEP, PRINTED], monkeypatch)
    assert "build 3/38 · copying files" in output
    assert "build 29/38 · installing Python packages · 0 s" in output
    assert "Unpacking" not in output


def test_long_live_line_is_cut_to_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    output = draw([Progress("build", "x" * 500)], monkeypatch)
    assert "x…" in output
    assert "x" * 60 not in output


def test_verbose_terminal_shows_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Unpacking tree" in draw([STEP, PRINTED], monkeypatch, verbose=True)
