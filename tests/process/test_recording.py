"""A run on a terminal is recorded whole and drawn."""

from __future__ import annotations

import sys
import threading
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from scripts.make_recording import record, render_svg

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_is_recorded_and_drawn_with_its_earlier_states(tmp_path: Path) -> None:
    screen, states = record([sys.executable, "-c", "print('<first>'); print('second')"], tmp_path)
    assert screen.plain()[-2:] == ("<first>", "second")
    assert states[0][1] == screen.plain()[:-2]
    picture = ET.fromstring(render_svg(screen, states, "title"))  # noqa: S314 - made here
    words = "".join(picture.itertext()).replace("\xa0", " ")
    assert "<first>" in words
    assert "title" in words


def test_a_run_is_recorded_beside_threads_that_go_on(tmp_path: Path) -> None:
    over = threading.Event()
    others = [threading.Thread(target=over.wait) for _ in range(4)]
    for other in others:
        other.start()
    try:
        screen, _ = record([sys.executable, "-c", "import os; print(*os.get_terminal_size(1))"], tmp_path)
    finally:
        over.set()
        for other in others:
            other.join()
    assert screen.plain()[-1] == "100 30"


def test_a_run_that_failed_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        record([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
