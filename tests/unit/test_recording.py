"""The picture in the README: what a terminal would show, drawn."""

from __future__ import annotations

import pytest

from scripts.make_recording import Screen, without_ticks


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\r\ntwo\r\n", ("one", "two")),
        ("long\rab", ("abng",)),
        ("step 1\r\x1b[2Kdone", ("done",)),
        ("a\r\nb\r\x1b[2K\x1b[1A\x1b[2Kc", ("c",)),
        ("\x1b[?25l\x1b[1;32mgreen\x1b[0m\x1b[?25h", ("green",)),
        ("x" * 101, ("x" * 100, "x")),
        ("ab\b\bc", ("cb",)),
    ],
)
def test_the_screen_shows_what_a_terminal_shows(printed: str, shown: tuple[str, ...]) -> None:
    screen = Screen()
    screen.feed(printed)
    assert screen.plain() == shown


def test_a_sequence_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="2J"):
        Screen().feed("\x1b[2J")


def test_of_a_wait_that_only_counts_seconds_the_first_and_the_last_are_shown() -> None:
    told = ["build 1/2 · 0 s", "build 1/2 · 1 s", "build 1/2 · 2 s", "build 2/2 · 0 s", "built"]
    states = [(float(at), (one,)) for at, one in enumerate(told)]
    assert [lines[0] for _, lines in without_ticks(states)] == ["build 1/2 · 0 s", "build 1/2 · 2 s", *told[3:]]
