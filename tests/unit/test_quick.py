"""What is asked often is answered without the machinery that reads a whole command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from envkit import __version__
from envkit.cli import quick
from envkit.commands import settled
from envkit.commands.results import Up
from envkit.errors import Exit
from envkit.model.report import Report

HEAVY = {"typer", "pydantic", "jinja2", "yaml", "docker"}
SETTLED = Report("up", "vision", Up(
    name="vision", url="http://127.0.0.1:8888/lab", tensorboard="", ssh_host="envkit-1000-vision",
    workspace="/home/ana/vision", verdict="TensorFlow 2.9.0 computes on CPU",
))


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert (quick.answer(arguments), capsys.readouterr().out) == (0, f"envkit {__version__}\n")


@pytest.mark.parametrize("arguments", [["up"], ["up", "-q"], ["up", "--quiet"]])
def test_an_up_with_nothing_to_do_is_answered(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settled, "unchanged", lambda start, flags: SETTLED if (start, flags) == (Path(), {}) else None)
    assert quick.answer(arguments) == Exit.OK
    assert capsys.readouterr().out.startswith("vision was up already, nothing changed\n")


@pytest.mark.parametrize("arguments", [
    [], ["up"], ["up", "--format", "json"], ["up", "--gpu"], ["up", "-q", "--quiet"], ["upp"], ["version", "--format"],
])
def test_anything_else_is_for_the_ordinary_road(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settled, "unchanged", lambda *_: None)
    assert (quick.answer(arguments), capsys.readouterr().out) == (None, "")


def test_nothing_heavy_is_loaded_to_see_that_nothing_changed(tmp_path: Path) -> None:
    program = "import sys; from envkit.cli import main, quick; print(quick.answer(['up']), *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(Path(settled.__file__).parents[2])},
    )
    first, *loaded = done.stdout.split()
    assert (first, HEAVY & set(loaded)) == ("None", set())
