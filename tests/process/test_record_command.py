"""Record a command on a terminal and render the picture."""

from __future__ import annotations

import sys
import threading
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from scripts.dev.make_recording import record, render_svg

if TYPE_CHECKING:
    from pathlib import Path


def test_recording_shows_earlier_states(tmp_path: Path) -> None:
    screen, states = record([sys.executable, "-c", "print('<first>'); print('second')"], tmp_path)
    assert screen.plain()[-2:] == ("<first>", "second")
    assert states[0][1] == screen.plain()[:-2]
    picture = ET.fromstring(render_svg(screen, states, "title"))  # noqa: S314 - created in this test
    text = "".join(picture.itertext()).replace("\xa0", " ")
    assert "<first>" in text
    assert "title" in text


def test_recording_works_while_threads_are_running(tmp_path: Path) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        screen, _ = record([sys.executable, "-c", "import os; print(*os.get_terminal_size(1))"], tmp_path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert screen.plain()[-1] == "100 30"


def test_failed_command_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="exited with code 3"):
        record([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
