"""Shell completion of verbs, options and environment names."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.backends import endpoint
from envkit.cli.app import create_app
from envkit.model.state import State
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What bash runs when Tab is pressed.
COMPLETE_SCRIPT = """
eval "$(_ENVKIT_COMPLETE=source_bash envkit)"
read -ra COMP_WORDS <<<"$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_envkit_completion envkit
printf '%s\\n' "${COMPREPLY[@]}"
"""
REMOTE = "ssh://remote"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder with local, remote and damaged environments, and `envkit` on PATH."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name, engine_endpoint in (
        ("vision", endpoint.current_endpoint()),
        ("speech", endpoint.current_endpoint()),
        ("remote", REMOTE),
    ):
        state.save(state.directory(engine_endpoint, f"/p/{name}"), State(name, f"/p/{name}"))
    damaged = state.directory(endpoint.current_endpoint(), "/p/damaged").folder
    damaged.mkdir()
    (damaged / state.STATE_FILE).write_text("{")
    executable = tmp_path / "bin/envkit"
    executable.parent.mkdir()
    executable.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m envkit "$@"\n')
    executable.chmod(0o755)
    return tmp_path


def complete(home: Path, typed: str) -> set[str]:
    """Return the completions that bash offers for a line."""
    return set(run(home, COMPLETE_SCRIPT, typed).split())


def run(home: Path, script: str, *arguments: str) -> str:
    """Run a bash script in a home folder; return its output."""
    env = {**os.environ, "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(home)}
    argv = ["bash", "--norc", "-c", script, "bash", *arguments]
    process = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=home, check=False, timeout=60)
    assert (process.returncode, process.stderr) == (0, ""), process
    return process.stdout


@pytest.mark.proves("a shell completes commands, options and environment names", "real")
def test_tab_completes_verbs_options_and_names(home: Path) -> None:
    for typed, completions in (
        ("envkit st", {"status"}),
        ("envkit ssh", {"ssh", "ssh-config"}),  # not the hidden ssh-proxy
        ("envkit down --vol", {"--volumes"}),
        ("envkit status --format ", {"text", "json"}),
        ("envkit down --name ", {"vision", "speech"}),
        ("envkit shell -n vi", {"vision"}),
        ("envkit audit sp", {"speech"}),
        ("envkit smoke vision sp", {"speech"}),
        (f"envkit down --engine {REMOTE} --name ", {"remote"}),
    ):
        assert complete(home, typed) == completions, typed


def test_completion_is_silent_without_environments(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "none"))
    assert complete(home, "envkit down --name ") == set()
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    assert complete(home, "envkit down --name ") == set()


@pytest.mark.proves("a shell completes commands, options and environment names", "real")
def test_installed_completion_is_read_by_a_new_shell(home: Path) -> None:
    run(home, "envkit --install-completion; true")  # `true` keeps bash as the parent, which envkit detects
    assert "_envkit_completion" in run(home, "source ~/.bashrc; complete -p envkit")


def test_single_verb_loads_no_completion() -> None:
    assert not create_app(["status"])._add_completion
    assert create_app(["--help"])._add_completion
