"""The start of JupyterLab in the image, with a JupyterLab and a client that only say when they are run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LAB = """
import aiohttp, requests
print("started")

def main():
    import aiohttp as again
    assert again is aiohttp
    print("serves")
%s
"""
USE = "print(aiohttp.ClientSession, again.ClientSession, hasattr(aiohttp, 'nothing'))"


@pytest.fixture
def serve(tmp_path: Path, root: Path) -> Path:
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab/__init__.py").touch()
    lab(tmp_path, USE)
    (tmp_path / "requests.py").write_text("print('never')")
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "aiohttp/__init__.py").write_text("from aiohttp.client import ClientSession\nprint('client')")
    (tmp_path / "aiohttp/client.py").write_text("from . import helpers\nClientSession = 1\nprint('its part')")
    (tmp_path / "aiohttp/helpers.py").touch()
    script = tmp_path / "serve.py"  # the first place where it looks for modules is its own folder
    script.write_bytes((root / "templates/debian/bin/serve.py").read_bytes())
    return script


def lab(folder: Path, *body: str) -> None:
    """Make a JupyterLab that does this when it runs."""
    (folder / "jupyterlab/labapp.py").write_text(LAB % "\n".join(f"    {line}" for line in body))


def said(script: Path) -> subprocess.CompletedProcess[str]:
    # -S: without what is installed beside the tests.
    return subprocess.run([sys.executable, "-S", script], capture_output=True, text=True, check=False)


def test_a_client_is_run_once_and_when_something_in_it_is_asked_for(serve: Path) -> None:
    done = said(serve)
    assert (done.stdout.splitlines(), done.stderr) == (["started", "serves", "its part", "client", "1 1 False"], "")


def test_what_is_asked_for_may_be_a_module_inside_a_client(serve: Path) -> None:
    lab(serve.parent, "from aiohttp import helpers", "print(helpers.__name__)")
    done = said(serve)
    assert (done.stdout.splitlines(), done.stderr) == (
        ["started", "serves", "its part", "client", "aiohttp.helpers"],
        "",
    )


def test_a_client_that_could_not_be_run_says_why_and_is_tried_again(serve: Path) -> None:
    (serve.parent / "aiohttp/client.py").write_text("raise OSError('too many open files')")
    again = "(pathlib.Path(__file__).parent.parent / 'aiohttp/client.py').write_text('ClientSession = 22')"
    lab(
        serve.parent,
        "import pathlib",
        "try: aiohttp.ClientSession",
        "except OSError as error: print(error)",
        again,
        "print(aiohttp.ClientSession)",
    )
    done = said(serve)
    assert (done.stdout.splitlines(), done.stderr) == (
        ["started", "serves", "too many open files", "client", "22"],
        "",
    )


def test_without_a_client_its_import_fails_as_it_would(serve: Path) -> None:
    (serve.parent / "requests.py").unlink()
    assert "ModuleNotFoundError: No module named 'requests'" in said(serve).stderr
