"""Kills, interrupts, lost engines and concurrent runs: the next `up` or `down` repairs the environment."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.engine_gate import Gate, wait_for_request
from tests.support.environment_traces import container, has_no_state, start_identity
from tests.support.envkit_process import wait_for_exit, wait_for_stage
from tests.support.error_assertions import assert_error
from tests.support.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

STOP, REMOVE = "POST .*/containers/.*/stop.*", "DELETE .*/containers/.*"
CREATE = r"POST .*/containers/create\?name=envkit-\d+-[a-z0-9-]+"
START = "POST .*/containers/.*/start"
PROBE = "POST .*/containers/.*/exec"
# Requests of a first `up` and of a `down --volumes`; envkit is killed at each of them.
UP = {
    "network": "POST .*/networks/create",
    "volume": "POST .*/volumes/create",
    "helper": "POST .*/containers/create.*",
    "home": "PUT .*/archive.*",
    "helper's end": REMOVE,
    "container": CREATE,
    "start": START,
    "probe": PROBE,
}
DOWN = {"stop": STOP, "container": REMOVE, "network": "DELETE .*/networks/.*", "volume": "DELETE .*/volumes/.*"}


class GatedProject:
    """A project whose envkit reaches the engine through a gate."""

    def __init__(self, project: Path, envkit: Envkit, gate: Gate) -> None:
        self.project, self.envkit, self.gate = project, envkit, gate

    def run(self, *args: str) -> CommandResult:
        """Run envkit until it exits."""
        return self.envkit(args, cwd=self.project, env=self.gate.env)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start envkit."""
        return self.envkit.start(args, cwd=self.project, env=self.gate.env)

    def kill(self, request: str, *args: str) -> None:
        """Run envkit and kill it when it sends a request, which never reaches the engine."""
        rule = self.gate.on(request, "hold")
        with self.start(*args) as process:
            wait_for_request(rule, process)
            os.killpg(process.pid, signal.SIGKILL)
        self.gate.open()

    def disconnect(self, request: str, *args: str) -> CommandResult:
        """Run envkit and close the engine's connections when envkit sends a request."""
        rule = self.gate.on(request, "cut")
        result = self.run(*args)
        assert rule.reached.is_set(), str(result)
        self.gate.open()
        return result


@pytest.fixture(scope="module")
def gate(run_folder: Path, image: str) -> Iterator[Gate]:
    """Yield a gate in front of the real engine, which has the image."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with Gate(run_folder / "gate.sock", address.removeprefix("unix://")) as engine_gate:
        yield engine_gate


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield a project folder."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(name="cut")
    workspaces.close()


@pytest.fixture
def gated(project: Path, run_envkit: Envkit, gate: Gate, user: User) -> Iterator[GatedProject]:
    """Yield the project with its gate, and remove the environment afterwards."""
    gate.open()
    (project / "envkit.yaml").write_text("gpu: off\n")
    gated_project = GatedProject(project, run_envkit, gate)
    yield gated_project
    gate.open()
    if not has_no_state(user, project):
        down = gated_project.run("down", "--volumes")
        assert down.code == 0, str(down)


@pytest.mark.parametrize("point", UP)
@pytest.mark.proves("after envkit is killed at any point, the next `down` removes the environment", "real")
def test_down_cleans_up_after_a_killed_up(
    point: str, gated: GatedProject, engine: docker.DockerClient, user: User
) -> None:
    gated.kill(UP[point], "up")
    down = gated.run("down", "--volumes")
    assert down.code == 0, str(down)
    assert leftovers(engine, str(gated.project)) == {}
    assert has_no_state(user, gated.project)


@pytest.mark.proves("after envkit is killed at any point, the next `up` repairs the environment", "real")
def test_up_continues_after_a_kill_at_any_request(gated: GatedProject, engine: docker.DockerClient, user: User) -> None:
    # The network is created in parallel with the volumes, so the result of a kill there is not deterministic.
    for request in (request for point, request in UP.items() if point != "network"):
        gated.kill(request, "up")
    (gated.project / "envkit.yaml").write_text('gpu: off\nenv: {CHANGED: "yes"}\n')
    for request in (STOP, REMOVE, CREATE):
        gated.kill(request, "up")

    up = gated.run("up", "--format", "json")
    assert up.code == 0, str(up)
    assert "] probe: " in up.err
    assert sorted(leftovers(engine, str(gated.project))) == [
        f"container envkit-{user.uid}-cut",
        f"network envkit-{user.uid}-cut",
        f"volume envkit-{user.uid}-cut-home",
    ]
    assert "CHANGED=yes" in container(engine, user, gated.project).attrs["Config"]["Env"]

    for request in DOWN.values():
        gated.kill(request, "down", "--volumes")
    down = gated.run("down", "--volumes")
    assert down.code == 0, str(down)
    assert leftovers(engine, str(gated.project)) == {}
    assert has_no_state(user, gated.project)


@pytest.mark.proves("Ctrl-C stops envkit at once and cleanly", "real")
def test_ctrl_c_ends_a_waiting_envkit(gated: GatedProject) -> None:
    with gated.start("up") as process:
        wait_for_stage(process, "wait")
        os.killpg(process.pid, signal.SIGINT)
        waiting_up = wait_for_exit(process)
    rule = gated.gate.on(PROBE, "hold")
    with gated.start("up") as process:
        wait_for_request(rule, process)
        os.killpg(process.pid, signal.SIGINT)
        up_without_answer = wait_for_exit(process)
    message = "envkit: interrupted; `envkit up` or `envkit down` continues from here\n"
    for result in (waiting_up, up_without_answer):
        assert (result.code, result.err.count(message), "Traceback" in result.err) == (130, 1, False), str(result)


@pytest.mark.proves("of two commands at once, one waits and reports that", "real")
def test_concurrent_commands_wait_for_each_other(gated: GatedProject, engine: docker.DockerClient, user: User) -> None:
    rule = gated.gate.on(CREATE, "hold")
    with gated.start("up") as first:
        wait_for_request(rule, first)
        with gated.start("up", "--format", "json") as second:
            wait_for_stage(second, "wait")
            rule.released.set()
            first_result, second_result = wait_for_exit(first), wait_for_exit(second)
    assert first_result.code == 0, str(first_result)
    assert second_result.code == 0, str(second_result)
    assert json.loads(second_result.out)["result"]["changed"] == []
    before = start_identity(container(engine, user, gated.project))
    assert len(leftovers(engine, str(gated.project))) == 3

    # `down` removes the state folder and its lock while an `up` waits for that lock.
    rule = gated.gate.on(REMOVE, "hold")
    with gated.start("down", "--volumes") as down:
        wait_for_request(rule, down)
        with gated.start("up") as up:
            wait_for_stage(up, "wait")
            rule.released.set()
            down_result, up_result = wait_for_exit(down), wait_for_exit(up)
    assert down_result.code == 0, str(down_result)
    assert up_result.code == 0, str(up_result)
    assert start_identity(container(engine, user, gated.project)) != before


def test_up_continues_after_the_engine_is_lost(gated: GatedProject, engine: docker.DockerClient, user: User) -> None:
    for request in ("GET .*/networks.*", UP["network"], UP["home"], CREATE, START, PROBE):
        assert_error(gated.disconnect(request, "up", "--format", "json"), 3, code="engine-connection-lost")

    # At the next start, another process takes the port at the last moment.
    container(engine, user, gated.project).stop(timeout=0)
    rule = gated.gate.on(START, "hold")
    with gated.start("up", "--format", "json") as process:
        wait_for_request(rule, process)
        port = int(container(engine, user, gated.project).attrs["Config"]["Labels"]["envkit.port"])
        with socket.create_server(("127.0.0.1", port)):
            rule.released.set()
            up = wait_for_exit(process)
    assert up.code == 0, str(up)
    assert f":{port}/" not in json.loads(up.out)["result"]["url"]
    assert len(leftovers(engine, str(gated.project))) == 3


@pytest.mark.parametrize("action", ["cut", "cut after"])
def test_engine_lost_during_a_build_is_one_error(action: str, gated: GatedProject) -> None:
    # Only the last layer has to be built.
    (gated.project / "envkit.yaml").write_text("gpu: off\napt: [tree]\nbuild: {builder: classic}\n")
    rule = gated.gate.on("POST .*/build.*", action)  # type: ignore[arg-type]
    result = gated.run("build", "--format", "json")
    assert rule.reached.is_set()
    assert_error(result, 3, code="engine-connection-lost")
