"""A shell asks envkit what a line may go on with: verbs, options, and the names of the caller's environments."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.backends.docker import endpoint
from envkit.cli.app import create_app
from envkit.model.state import State
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What a shell does after the line has been typed and Tab pressed.
TAB = """
eval "$(_ENVKIT_COMPLETE=source_bash envkit)"
read -ra COMP_WORDS <<<"$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_envkit_completion envkit
printf '%s\\n' "${COMPREPLY[@]}"
"""
FAR = "ssh://far"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Remember two environments here, one on another machine and a damaged one; have `envkit` on PATH."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name, at in (
        ("vision", endpoint.current_endpoint()),
        ("speech", endpoint.current_endpoint()),
        ("faraway", FAR),
    ):
        state.save(state.directory(at, f"/p/{name}"), State(name, f"/p/{name}"))
    damaged = state.directory(endpoint.current_endpoint(), "/p/damaged").folder
    damaged.mkdir()
    (damaged / state.STATE_FILE).write_text("{")
    program = tmp_path / "bin/envkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m envkit "$@"\n')
    program.chmod(0o755)
    return tmp_path


def offered(home: Path, typed: str) -> set[str]:
    """Return what bash offers after a Tab."""
    return set(run(home, TAB, typed).split())


def run(home: Path, program: str, *arguments: str) -> str:
    """Run bash where envkit is installed; return what it printed."""
    env = {**os.environ, "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(home)}
    argv = ["bash", "--norc", "-c", program, "bash", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=home, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.proves("a shell completes verbs, options and the names of environments", "real")
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("envkit st", {"status"}),
        ("envkit ssh", {"ssh", "ssh-config"}),  # and not what only an SSH client calls
        ("envkit down --vol", {"--volumes"}),
        ("envkit status --format ", {"text", "json"}),
        ("envkit down --name ", {"vision", "speech"}),
        ("envkit shell -n vi", {"vision"}),
        ("envkit audit sp", {"speech"}),
        ("envkit smoke vision sp", {"speech"}),
        (f"envkit down --engine {FAR} --name ", {"faraway"}),
    ],
)
def test_a_tab_offers_what_may_come_next(home: Path, typed: str, shown: set[str]) -> None:
    assert offered(home, typed) == shown


def test_where_nothing_is_remembered_nothing_is_offered_and_nothing_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "none"))
    assert offered(home, "envkit down --name ") == set()
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    assert offered(home, "envkit down --name ") == set()


@pytest.mark.proves("a shell completes verbs, options and the names of environments", "real")
def test_what_is_installed_is_what_a_new_shell_reads(home: Path) -> None:
    run(home, "envkit --install-completion; true")  # the shell stays, to be recognised
    assert "_envkit_completion" in run(home, "source ~/.bashrc; complete -p envkit")


def test_no_verb_pays_for_it() -> None:
    assert not create_app(["status"])._add_completion
    assert create_app(["--help"])._add_completion
