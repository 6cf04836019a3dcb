"""`serve.py` of the image, with a JupyterLab and HTTP clients that print when they are executed."""

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
    import aiohttp as second_import
    assert second_import is aiohttp
    print("serves")
%s
"""
USE_CLIENT = "print(aiohttp.ClientSession, second_import.ClientSession, hasattr(aiohttp, 'nothing'))"


@pytest.fixture
def serve(tmp_path: Path, root: Path) -> Path:
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab/__init__.py").touch()
    write_lab(tmp_path, USE_CLIENT)
    (tmp_path / "requests.py").write_text("print('never')")
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "aiohttp/__init__.py").write_text("from aiohttp.client import ClientSession\nprint('client')")
    (tmp_path / "aiohttp/client.py").write_text("from . import helpers\nClientSession = 1\nprint('submodule')")
    (tmp_path / "aiohttp/helpers.py").touch()
    script = tmp_path / "serve.py"  # Python searches the script's folder first
    script.write_bytes((root / "templates/debian/bin/serve.py").read_bytes())
    return script


def write_lab(folder: Path, *body: str) -> None:
    """Write a JupyterLab whose `main` executes these lines."""
    (folder / "jupyterlab/labapp.py").write_text(LAB % "\n".join(f"    {line}" for line in body))


def run(script: Path) -> subprocess.CompletedProcess[str]:
    # -S: without the packages of the test environment.
    return subprocess.run([sys.executable, "-S", script], capture_output=True, text=True, check=False)


def test_a_client_is_executed_once_at_first_access(serve: Path) -> None:
    done = run(serve)
    assert (done.stdout.splitlines(), done.stderr) == (["started", "serves", "submodule", "client", "1 1 False"], "")


def test_a_submodule_of_a_client_can_be_imported(serve: Path) -> None:
    write_lab(serve.parent, "from aiohttp import helpers", "print(helpers.__name__)")
    done = run(serve)
    assert (done.stdout.splitlines(), done.stderr) == (
        ["started", "serves", "submodule", "client", "aiohttp.helpers"],
        "",
    )


def test_a_failed_import_of_a_client_can_be_repeated(serve: Path) -> None:
    (serve.parent / "aiohttp/client.py").write_text("raise OSError('too many open files')")
    repair = "(pathlib.Path(__file__).parent.parent / 'aiohttp/client.py').write_text('ClientSession = 22')"
    write_lab(
        serve.parent,
        "import pathlib",
        "try: aiohttp.ClientSession",
        "except OSError as error: print(error)",
        repair,
        "print(aiohttp.ClientSession)",
    )
    done = run(serve)
    assert (done.stdout.splitlines(), done.stderr) == (
        ["started", "serves", "too many open files", "client", "22"],
        "",
    )


def test_the_import_of_a_missing_client_fails_as_usual(serve: Path) -> None:
    (serve.parent / "requests.py").unlink()
    assert "ModuleNotFoundError: No module named 'requests'" in run(serve).stderr
