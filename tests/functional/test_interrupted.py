"""Killed, interrupted, left alone by the engine, or run twice: the next `up` or `down` brings it to order."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.functional.engine_gate import Gate, reached
from tests.functional.messages import told
from tests.functional.processes import ended, told_stage
from tests.functional.traces import container, forgotten, life
from tests.functional.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

STOP, REMOVE = "POST .*/containers/.*/stop.*", "DELETE .*/containers/.*"
CREATE = r"POST .*/containers/create\?name=envkit-\d+-[a-z0-9-]+"
START = "POST .*/containers/.*/start"
PROBE = "POST .*/containers/.*/exec"
# What an `up` from nothing and a `down --volumes` ask of the engine: each request is a place to be cut off at.
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


class Through:
    """A project whose envkit reaches the engine through a gate."""

    def __init__(self, project: Path, envkit: Envkit, gate: Gate) -> None:
        self.project, self.envkit, self.gate = project, envkit, gate

    def run(self, *args: str) -> Ran:
        """Run envkit to its end."""
        return self.envkit(args, cwd=self.project, env=self.gate.env)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start envkit."""
        return self.envkit.start(args, cwd=self.project, env=self.gate.env)

    def kill(self, request: str, *args: str) -> None:
        """Run envkit and kill it where it is about to send a request; the engine never gets that."""
        rule = self.gate.on(request, "hold")
        with self.start(*args) as process:
            reached(rule, process)
            os.killpg(process.pid, signal.SIGKILL)
        self.gate.open()

    def lose(self, request: str, *args: str) -> Ran:
        """Run envkit and take the engine away where a request is about to be sent."""
        rule = self.gate.on(request, "cut")
        ran = self.run(*args)
        assert rule.reached.is_set(), str(ran)
        self.gate.open()
        return ran


@pytest.fixture(scope="module")
def gate(place: Path, image: str) -> Iterator[Gate]:
    """Yield a gate before the real engine, which has the image already."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with Gate(place / "gate.sock", address.removeprefix("unix://")) as made:
        yield made


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield a project folder."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(name="cut")
    workspaces.close()


@pytest.fixture
def through(project: Path, run_envkit: Envkit, gate: Gate, user: User) -> Iterator[Through]:
    """Yield the project with its envkit going through the gate, and take it down in the end."""
    gate.open()
    (project / "envkit.yaml").write_text("gpu: off\n")
    made = Through(project, run_envkit, gate)
    yield made
    gate.open()
    if not forgotten(user, project):
        down = made.run("down", "--volumes")
        assert down.code == 0, str(down)


@pytest.mark.parametrize("point", UP)
@pytest.mark.proves("Killing envkit anywhere leaves what the next `down` clears away", "real")
def test_down_clears_away_what_a_killed_up_left(
    point: str, through: Through, engine: docker.DockerClient, user: User
) -> None:
    through.kill(UP[point], "up")
    down = through.run("down", "--volumes")
    assert down.code == 0, str(down)
    assert leftovers(engine, str(through.project)) == {}
    assert forgotten(user, through.project)


@pytest.mark.proves("Killing envkit anywhere leaves what the next `up` brings to order", "real")
def test_up_goes_on_from_wherever_it_was_killed(through: Through, engine: docker.DockerClient, user: User) -> None:
    # The network is made beside the volumes: whether one that was killed there left any is a matter of luck.
    for request in (one for point, one in UP.items() if point != "network"):
        through.kill(request, "up")
    (through.project / "envkit.yaml").write_text('gpu: off\nenv: {CHANGED: "yes"}\n')
    for request in (STOP, REMOVE, CREATE):
        through.kill(request, "up")

    up = through.run("up", "--format", "json")
    assert up.code == 0, str(up)
    assert "probe: proving" in up.err
    assert sorted(leftovers(engine, str(through.project))) == [
        f"container envkit-{user.uid}-cut",
        f"network envkit-{user.uid}-cut",
        f"volume envkit-{user.uid}-cut-home",
    ]
    assert "CHANGED=yes" in container(engine, user, through.project).attrs["Config"]["Env"]

    for request in DOWN.values():
        through.kill(request, "down", "--volumes")
    down = through.run("down", "--volumes")
    assert down.code == 0, str(down)
    assert leftovers(engine, str(through.project)) == {}
    assert forgotten(user, through.project)


@pytest.mark.proves("Ctrl-C leaves at once and cleanly", "real")
def test_ctrl_c_ends_envkit_while_it_waits_and_while_the_engine_is_silent(through: Through) -> None:
    with through.start("up") as process:
        told_stage(process, "wait")
        os.killpg(process.pid, signal.SIGINT)
        waited = ended(process)
    silent = through.gate.on(PROBE, "hold")
    with through.start("up") as process:
        reached(silent, process)
        os.killpg(process.pid, signal.SIGINT)
        probed = ended(process)
    for ran in (waited, probed):
        told_once = "envkit: interrupted; `envkit up` or `envkit down` continues from here\n"
        assert (ran.code, ran.err.count(told_once), "Traceback" in ran.err) == (130, 1, False), str(ran)


@pytest.mark.proves("Two at once: one waits or says so", "real")
def test_two_ups_at_once_make_one_environment(through: Through, engine: docker.DockerClient, user: User) -> None:
    rule = through.gate.on(CREATE, "hold")
    with through.start("up") as first:
        reached(rule, first)
        with through.start("up", "--format", "json") as second:
            told_stage(second, "wait")
            rule.released.set()
            went_first, went_second = ended(first), ended(second)
    assert went_first.code == 0, str(went_first)
    assert went_second.code == 0, str(went_second)
    assert json.loads(went_second.out)["result"]["changed"] == []
    before = life(container(engine, user, through.project))
    assert len(leftovers(engine, str(through.project))) == 3

    # One that takes everything away, while another waits to bring it up: state folder and lock go with it.
    rule = through.gate.on(REMOVE, "hold")
    with through.start("down", "--volumes") as down:
        reached(rule, down)
        with through.start("up") as up:
            told_stage(up, "wait")
            rule.released.set()
            went_down, went_up = ended(down), ended(up)
    assert went_down.code == 0, str(went_down)
    assert went_up.code == 0, str(went_up)
    assert life(container(engine, user, through.project)) != before


def test_an_engine_that_goes_away_is_one_message_and_the_next_up_goes_on(
    through: Through, engine: docker.DockerClient, user: User
) -> None:
    for request in ("GET .*/networks.*", UP["network"], UP["home"], CREATE, START, PROBE):
        told(through.lose(request, "up"), 3, "lost the connection to the engine")

    # And when it starts again, somebody takes the port at the last moment.
    container(engine, user, through.project).stop(timeout=0)
    rule = through.gate.on(START, "hold")
    with through.start("up", "--format", "json") as process:
        reached(rule, process)
        port = int(container(engine, user, through.project).attrs["Config"]["Labels"]["envkit.port"])
        with socket.create_server(("127.0.0.1", port)):
            rule.released.set()
            up = ended(process)
    assert up.code == 0, str(up)
    assert f":{port}/" not in json.loads(up.out)["result"]["url"]
    assert len(leftovers(engine, str(through.project))) == 3


@pytest.mark.parametrize("deed", ["cut", "cut after"])
def test_an_engine_that_goes_away_during_the_build_is_one_message(deed: str, through: Through) -> None:
    # The last layer alone has to be built, and never is.
    (through.project / "envkit.yaml").write_text("gpu: off\napt: [tree]\nbuild: {builder: classic}\n")
    rule = through.gate.on("POST .*/build.*", deed)  # type: ignore[arg-type]
    ran = through.run("build")
    assert rule.reached.is_set()
    told(ran, 3, "lost the connection to the engine")
