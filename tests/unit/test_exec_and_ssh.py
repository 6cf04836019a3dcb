"""`exec`, `shell` and `ssh` exit with code 125 if they cannot run the program, else with the program's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.backends.docker import fast_inspect
from envkit.cli import main
from envkit.commands import exec as exec_command
from envkit.commands import ssh as ssh_command
from envkit.environment.project import Environment
from envkit.errors import ExecError
from envkit.model.engine_state import ContainerInfo
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LOCKED_OUT = "echo 'Host key verification failed.' >&2; exit 255"
LOGIN_WORKS = 'for last; do true; done; [ "$1" = -G ] || [ "$last" = true ]'
BAD_ARGUMENTS = 'for last; do true; done; [ "$last" = true ] || { echo "unknown option -- Z" >&2; exit 255; }'
COMMANDS = (["exec", "true"], ["shell"], ["ssh", "true"])


def exit_code(arguments: list[str]) -> object:
    with pytest.raises(SystemExit) as exit_:
        main.main(arguments)
    return exit_.value.code


@pytest.fixture(autouse=True)
def engine_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an endpoint where no engine answers; every command uses it, in a project folder without environment."""
    endpoint = f"unix://{tmp_path}/no-engine"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", endpoint)
    monkeypatch.chdir(tmp_path)
    return endpoint


@pytest.mark.proves("each kind of error has its exit code", "real")
def test_folder_without_an_environment_exits_with_125(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in COMMANDS:
        assert exit_code(arguments) == 125, arguments
        assert "has no environment" in capsys.readouterr().err, arguments


def test_missing_engine_exits_with_125(
    engine_endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.save(state.directory(engine_endpoint, str(tmp_path)), State("vision", str(tmp_path)))
    for arguments in COMMANDS:
        assert exit_code(arguments) == 125, arguments
        assert "no container engine answers" in capsys.readouterr().err, arguments


def test_unreadable_state_exits_with_125(engine_endpoint: str, tmp_path: Path) -> None:
    state_dir = state.directory(engine_endpoint, str(tmp_path))
    state_dir.folder.mkdir(parents=True)
    (state_dir.folder / "state.json").symlink_to("/proc/self/mem")
    assert exit_code(["exec", "true"]) == 125


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Environment]:
    """Return a function that installs a script as the SSH client and returns a running environment."""

    def install(script: str) -> Environment:
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        monkeypatch.setattr(fast_inspect, "running_container", lambda *_: ContainerInfo("c1", "running", {}, "i1"))
        return Environment("vision", "/p", 1000, state.StateDir(tmp_path), State("vision", "/p"), "unix:///x")

    return install


def test_exit_code_over_ssh_is_passed_on(fake_ssh: Callable[[str], Environment]) -> None:
    for script, code in (
        ("exit 0", 0),
        ("exit 7", 7),
        (f"{LOGIN_WORKS} || exit 255", 255),  # of the program in the container
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ):
        assert ssh_command.ssh(fake_ssh(script), ["exit", "255"]) == code, script


def test_errors_of_the_ssh_client_are_not_the_programs_code(fake_ssh: Callable[[str], Environment]) -> None:
    for script, arguments, code, reason in (
        (LOCKED_OUT, ["exit", "255"], "ssh-login-failed", "Host key verification failed"),
        (BAD_ARGUMENTS, ["-Z"], "ssh-arguments-invalid", "unknown option -- Z"),
    ):
        with pytest.raises(ExecError, match=reason) as error:
            ssh_command.ssh(fake_ssh(script), arguments)
        assert error.value.code == code


def test_program_runs_in_the_callers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    for current, workspace, workdir in (
        ("project", "", ""),
        ("project/a b/c", "", "/workspace/a b/c"),
        ("elsewhere", "", ""),
        ("project2", "", ""),
        ("project/data/x", "project/data", "/workspace/x"),
        ("project/a", "project/data", ""),
    ):
        saved_state = State("vision", str(project), workspace=f"{tmp_path}/{workspace}" if workspace else "")
        environment = Environment("vision", str(project), 1000, state.StateDir(tmp_path), saved_state, "unix:///x")
        (tmp_path / current).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / current)
        assert exec_command.container_workdir(environment) == workdir, (current, workspace)
