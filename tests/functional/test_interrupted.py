"""Killed, interrupted, left alone by the engine, or run twice: the next `up` or `down` brings it to order."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.functional.account import Ran
from tests.functional.engine_gate import Gate, reached
from tests.functional.messages import told
from tests.functional.traces import container, on_engine, state_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit, Workspaces

# What an `up` from nothing asks of the engine, each request a place to be cut off at.
UP = {
    "network": "POST .*/networks/create",
    "volume": "POST .*/volumes/create",
    "helper": "POST .*/containers/create.*",
    "archive": "PUT .*/archive.*",
    "helper-gone": "DELETE .*/containers/.*",
    "container": r"POST .*/containers/create\?name=envkit-\d+-[a-z]+",
    "start": "POST .*/containers/.*/start",
    "probe": "POST .*/containers/.*/exec",
}
RECREATE = {
    "stop": "POST .*/containers/.*/stop.*",
    "remove": "DELETE .*/containers/.*",
    "create": r"POST .*/containers/create\?name=envkit-\d+-[a-z]+",
}
DOWN = {
    "stop": "POST .*/containers/.*/stop.*",
    "remove": "DELETE .*/containers/.*",
    "network": "DELETE .*/networks/.*",
    "volume": "DELETE .*/volumes/.*",
}


@pytest.fixture(scope="module")
def gate(place: Path, image: str) -> Iterator[Gate]:
    """Yield a gate before the real engine, which has the image already."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with Gate(place / "gate.sock", address.removeprefix("unix://")) as made:
        yield made


@pytest.fixture
def through(workspace: Workspaces, run_envkit: Envkit, gate: Gate) -> Iterator[Through]:
    """Yield a project whose envkit goes through the gate, and take it down in the end."""
    gate.open()
    project = Through(workspace("gpu: off\n", name="cut"), run_envkit, gate)
    yield project
    gate.open()
    project.run("down", "--volumes")


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

    def kill(self, args: str, request: str) -> None:
        """Run envkit and kill it where it is about to send a request; the engine never gets it."""
        rule = self.gate.on(request, "hold")
        with self.start(*args.split()) as process:
            reached(rule, process)
            os.killpg(process.pid, signal.SIGKILL)
        self.gate.open()

    def interrupt(self, process: subprocess.Popen[str]) -> Ran:
        """Press Ctrl-C: every process on the terminal gets it."""
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return Ran(("envkit",), process.returncode, out, err)


def line(process: subprocess.Popen[str], stage: str) -> None:
    """Read progress until a stage is told."""
    assert process.stderr is not None
    said = []
    for text in process.stderr:
        said.append(text)
        if f"] {stage}: " in text:
            return
    raise AssertionError(f"{stage} was never told: {''.join(said)}")


@pytest.mark.parametrize("point", UP)
def test_down_clears_away_what_a_killed_up_left(
    point: str, through: Through, workspace: Workspaces, user: User
) -> None:
    through.kill("up", UP[point])
    down = through.run("down", "--volumes")
    assert down.code == 0, str(down)
    assert on_engine(workspace, through.project) == []
    assert not list(user.home.glob(f".local/state/envkit/*/{state_folder(user, through.project).name}"))
