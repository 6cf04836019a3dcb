"""An environment on the remote machine, and the command lines of all processes during its `up`."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.error_assertions import error_code
from tests.support.remote_machine import Machine, all_command_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.account import CommandResult
    from tests.support.workspaces import Envkit, Workspaces

SECRET = "kQ3-what-only-the-workspace-reads-Zx"
# The first `up` requests a port that no other environment picks while the connection is lost; later ones keep it.
PORT = "jupyter: {port: 18889}\n"
CONFIG = """
base: debian
gpu: off
secrets: {TEAM_KEY: {file: ~/far-key}}
"""


@dataclass(frozen=True, slots=True)
class RemoteEnvironment:
    """The environment on the remote machine.

    Attributes:
        machine: The remote machine.
        project: Project folder on this machine.
        up: Its first `up`.
        run_envkit: The installed command.
        command_lines: Command lines of all processes of both machines during the `up`, one entry per sample.
    """

    machine: Machine
    project: Path
    up: CommandResult
    run_envkit: Envkit
    command_lines: tuple[bytes, ...] = field(repr=False)

    def envkit(self, *args: str, text: str = "") -> CommandResult:
        """Run a verb on the project."""
        verb, *rest = args
        return self.machine.envkit(self.run_envkit, verb, "--project", self.project, *rest, text=text)

    def envkit_without_project(self, *args: str) -> CommandResult:
        """Run a verb that takes no project."""
        return self.machine.envkit(self.run_envkit, *args)

    def status(self) -> CommandResult:
        """Run `status`."""
        return self.envkit_without_project("status", "--name", "far")

    def verdict(self) -> str:
        """Return the last verdict of the probe."""
        result = self.envkit_without_project("status", "--name", "far", "--format", "json")
        assert result.code == 0, str(result)
        return str(json.loads(result.out)["result"]["rows"][0]["verdict"])

    def sh(self, script: str) -> str:
        """Run a shell script in the container, and return its output."""
        result = self.envkit("exec", "sh", "-c", script)
        assert result.code == 0, str(result)
        return result.out

    def sync(self) -> dict[str, Any]:
        """Run `sync`, and return its result."""
        result = self.envkit("sync", "--format", "json")
        assert result.code == 0, str(result)
        changes: dict[str, Any] = json.loads(result.out)["result"]
        return changes

    def write(self, path: str, text: str) -> None:
        """Write a file of the project as the user."""
        (self.project / path).write_text(text)
        self.machine.user.own(self.project / path, 0o644)

    @property
    def tunnels(self) -> list[int]:
        """Return the process ids of the user's SSH tunnels."""
        pgrep = ["pgrep", "-u", self.machine.user.name, "-f", "ssh .*-N -T -f"]
        processes = subprocess.run(pgrep, capture_output=True, text=True, check=False)
        return [int(pid) for pid in processes.stdout.split()]


def port_of(result: CommandResult) -> int:
    """Return the port of the JupyterLab address that a command printed."""
    assert result.code == 0, str(result)
    address = re.search(r"http://127\.0\.0\.1:(\d+)/lab", result.out)
    assert address, str(result)
    return int(address[1])


@contextmanager
def brought_up(machine: Machine, workspaces: Workspaces, run_envkit: Envkit) -> Iterator[RemoteEnvironment]:
    """Bring an environment up on the remote machine, and remove it afterwards."""
    user = machine.user
    (user.home / "far-key").write_text(SECRET)
    user.own(user.home / "far-key", 0o600)
    files = {"train.py": "print(1)\n", "src/deep/a.txt": "a\n", "gone.txt": "x\n"}
    project = workspaces(CONFIG + PORT, name="far", files=files)
    (project / "leads-out").symlink_to("/etc/passwd")
    samples: list[bytes] = []
    stop_event = threading.Event()
    sampler = threading.Thread(target=lambda: _sample_command_lines(samples, stop_event))
    sampler.start()
    up = machine.envkit(run_envkit, "up", "--yes", "--project", project)
    stop_event.set()
    sampler.join()
    config = project / "envkit.yaml"
    config.write_text(config.read_text().replace(PORT, ""))
    environment = RemoteEnvironment(machine, project, up, run_envkit, tuple(samples))
    try:
        assert up.code == 0, str(up)
        environment.sync()
        yield environment
    finally:
        down = environment.envkit("down", "--volumes", "--discard", "--format", "json")
        assert down.code == 0 or error_code(down) == "environment-not-found", str(down)
        workspaces.close()


def _sample_command_lines(samples: list[bytes], stop_event: threading.Event) -> None:
    while not stop_event.wait(0.1):
        samples.append(all_command_lines())
