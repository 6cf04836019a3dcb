"""Failing to reach the program that should run has exit code 125, whatever the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.backends.docker import fast_inspect
from envkit.cli import main
from envkit.commands import inside
from envkit.environment.project import Environment
from envkit.errors import ExecError
from envkit.model.engine_state import ContainerInfo
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def code_of(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    monkeypatch.chdir(tmp_path)


@pytest.mark.proves("each kind of error has its exit code", "real")
@pytest.mark.parametrize("verb", ["exec", "shell", "ssh"])
def test_a_folder_without_an_environment_is_told_with_125(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of([verb, *([] if verb == "shell" else ["true"])]) == 125
    assert "has no environment" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["exec", "shell", "ssh"])
def test_an_environment_that_does_not_run_is_told_with_125(
    tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.save(state.directory(f"unix://{tmp_path}/no-engine", str(tmp_path)), State("vision", str(tmp_path)))
    assert code_of([verb, *([] if verb == "shell" else ["true"])]) == 125
    assert "no container engine answers" in capsys.readouterr().err


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Environment]:
    """Return what puts a stand-in for the SSH client in place, and makes an environment that runs."""

    def made(script: str) -> Environment:
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        monkeypatch.setattr(fast_inspect, "running_container", lambda *_: ContainerInfo("c1", "running", {}, "i1"))
        return Environment("vision", "/p", 1000, state.StateDir(tmp_path), State("vision", "/p"), "unix:///x")

    return made


REFUSED = "echo 'Host key verification failed.' >&2; exit 255"
LOGS_IN = 'for last; do true; done; [ "$1" = -G ] || [ "$last" = true ]'
MISUSED = 'for last; do true; done; [ "$last" = true ] || { echo "unknown option -- Z" >&2; exit 255; }'


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        (f"{LOGS_IN} || exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ],
    ids=["all is well", "its own code", "255 from inside", "ended", "killed"],
)
def test_the_code_of_what_ran_over_ssh_is_passed_on(
    client: Callable[[str], Environment], script: str, code: int
) -> None:
    assert inside.ssh(client(script), ["exit", "255"]) == code


def test_a_login_that_is_refused_is_none_of_the_programs_codes(client: Callable[[str], Environment]) -> None:
    with pytest.raises(ExecError, match="Host key verification failed"):
        inside.ssh(client(REFUSED), ["exit", "255"])


def test_arguments_that_the_ssh_client_does_not_take_are_none_of_the_programs_codes(
    client: Callable[[str], Environment],
) -> None:
    with pytest.raises(ExecError, match="does not take these arguments: unknown option -- Z"):
        inside.ssh(client(MISUSED), ["-Z"])


def test_a_state_that_cannot_be_read_is_told_with_125(tmp_path: Path) -> None:
    place = state.directory(f"unix://{tmp_path}/no-engine", str(tmp_path))
    place.folder.mkdir(parents=True)
    (place.folder / "state.json").symlink_to("/proc/self/mem")
    assert code_of(["exec", "true"]) == 125


@pytest.mark.parametrize(
    ("stands", "workspace", "folder"),
    [
        ("project", "", ""),
        ("project/a b/c", "", "/workspace/a b/c"),
        ("elsewhere", "", ""),
        ("project2", "", ""),
        ("project/data/x", "project/data", "/workspace/x"),
        ("project/a", "project/data", ""),
    ],
)
def test_a_program_runs_in_the_callers_folder_below_the_workspace(
    stands: str, workspace: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = State("vision", f"{tmp_path}/project", workspace=f"{tmp_path}/{workspace}" if workspace else "")
    known = Environment("vision", f"{tmp_path}/project", 1000, state.StateDir(tmp_path), remembered, "unix:///x")
    (tmp_path / stands).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / stands)
    assert inside.container_workdir(known) == folder
