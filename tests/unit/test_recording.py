"""The terminal emulator for the picture in the README."""

from __future__ import annotations

import pytest

from scripts.dev.make_recording import Screen, without_ticks

SCREENS = {
    "one\r\ntwo\r\n": ("one", "two"),
    "long\rab": ("abng",),
    "step 1\r\x1b[2Kdone": ("done",),
    "a\r\nb\r\x1b[2K\x1b[1A\x1b[2Kc": ("c",),
    "\x1b[?25l\x1b[1;32mgreen\x1b[0m\x1b[?25h": ("green",),
    "x" * 101: ("x" * 100, "x"),
    "ab\b\bc": ("cb",),
}


def test_screen_renders_terminal_output() -> None:
    for output, lines in SCREENS.items():
        screen = Screen()
        screen.feed(output)
        assert screen.plain() == lines, output


def test_unknown_control_sequence_is_an_error() -> None:
    with pytest.raises(ValueError, match="2J"):
        Screen().feed("\x1b[2J")


def test_states_that_only_count_seconds_are_dropped() -> None:
    lines = ["build 1/2 · 0 s", "build 1/2 · 1 s", "build 1/2 · 2 s", "build 2/2 · 0 s", "built"]
    states = [(float(second), (line,)) for second, line in enumerate(lines)]
    assert [screen[0] for _, screen in without_ticks(states)] == ["build 1/2 · 0 s", "build 1/2 · 2 s", *lines[3:]]
