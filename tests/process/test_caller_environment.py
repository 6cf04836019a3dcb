"""Callers without a home, without an account and without UTF-8 get a message, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNKNOWN_USER = 3_000_000
RUN = "import os, sys; os.setuid(os.getuid() or {uid}); from envkit.cli.main import main; main(sys.argv[1:])"


def run(folder: Path, *arguments: str, uid: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{folder}/none", **variables}
    command = [sys.executable, "-c", RUN.format(uid=uid), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user can enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without an account")
def test_user_without_a_home_is_told_which_variable_to_set(open_folder: Path) -> None:
    homes: tuple[dict[str, str], ...] = ({}, {"HOME": ""}, {"HOME": "a"}, {"HOME": "a", "XDG_STATE_HOME": "b"})
    for home in homes:
        for verb in ("up", "down", "token"):
            result = run(open_folder, verb, uid=UNKNOWN_USER, **home)
            assert result.returncode in {2, 3}, (home, verb, result.stderr)
            assert "Traceback" not in result.stderr, (home, verb)
            assert "hint: set HOME or XDG_STATE_HOME" in result.stderr, (home, verb)
    assert not list(open_folder.iterdir())


def test_output_of_another_encoding_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "projé"
    folder.mkdir()
    for encoding in ("ascii", "ascii:strict", "latin-1", "cp1252"):
        result = run(folder, "init", "sub→", HOME=str(tmp_path), PYTHONIOENCODING=encoding)
        assert "Traceback" not in result.stderr, encoding
        assert result.returncode in {0, 2}, (encoding, result.stderr)


def test_locale_that_cannot_represent_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "projé"
    folder.mkdir()
    result = run(folder, "up", HOME=str(tmp_path), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 2
    assert "LC_ALL=C.UTF-8" in result.stderr
