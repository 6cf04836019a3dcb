"""An environment on the other machine, with all that was in processes' arguments while it came up."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.functional.far import Machine, arguments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.account import Ran
    from tests.functional.workspaces import Envkit, Workspaces

SECRET = "kQ3-what-only-the-workspace-reads-Zx"
# At first with a port that nobody else picks while the way there is lost; it stays, as any port once picked does.
PORT = "jupyter: {port: 18889}\n"
CONFIG = """
base: debian
gpu: off
secrets: {TEAM_KEY: {file: ~/far-key}}
"""


@dataclass(frozen=True, slots=True)
class There:
    """The environment on the other machine."""

    machine: Machine
    project: Path
    up: Ran
    run: Envkit
    seen: tuple[bytes, ...] = field(repr=False)

    def envkit(self, *args: str, text: str = "") -> Ran:
        verb, *rest = args
        return self.machine.envkit(self.run, verb, "--project", self.project, *rest, text=text)

    def envkit_alone(self, *args: str) -> Ran:
        """Run a verb that is about no project."""
        return self.machine.envkit(self.run, *args)

    def status(self) -> Ran:
        return self.envkit_alone("status", "--name", "far")

    def inside(self, command: str) -> str:
        done = self.envkit("exec", "sh", "-c", command)
        assert done.code == 0, str(done)
        return done.out

    def sync(self) -> dict[str, list[str]]:
        done = self.envkit("sync", "--format", "json")
        assert done.code == 0, str(done)
        result: dict[str, list[str]] = json.loads(done.out)["result"]
        return result

    def write(self, path: str, text: str) -> None:
        (self.project / path).write_text(text)
        self.machine.user.own(self.project / path, 0o644)

    @property
    def master(self) -> list[int]:
        line = ["pgrep", "-u", self.machine.user.name, "-f", "ssh .*-N -T -f"]
        found = subprocess.run(line, capture_output=True, text=True, check=False)
        return [int(one) for one in found.stdout.split()]


def port_of(done: Ran) -> int:
    assert done.code == 0, str(done)
    found = re.search(r"http://127\.0\.0\.1:(\d+)/lab", done.out)
    assert found, str(done)
    return int(found[1])


@contextmanager
def brought_up(machine: Machine, workspaces: Workspaces, run_envkit: Envkit) -> Iterator[There]:
    """Bring an environment up on the other machine, and take it away in the end."""
    user = machine.user
    (user.home / "far-key").write_text(SECRET)
    user.own(user.home / "far-key", 0o600)
    files = {"train.py": "print(1)\n", "src/deep/a.txt": "a\n", "gone.txt": "x\n"}
    project = workspaces(CONFIG + PORT, name="far", files=files)
    (project / "leads-out").symlink_to("/etc/passwd")
    seen: list[bytes] = []
    done, over = threading.Event(), threading.Thread(target=lambda: _watch(seen, done))
    over.start()
    up = machine.envkit(run_envkit, "up", "--yes", "--project", project)
    done.set()
    over.join()
    config = project / "envkit.yaml"
    config.write_text(config.read_text().replace(PORT, ""))
    made = There(machine, project, up, run_envkit, tuple(seen))
    try:
        assert up.code == 0, str(up)
        made.sync()
        yield made
    finally:
        down = made.envkit("down", "--volumes", "--discard")
        assert down.code == 0 or "no environment" in down.err, str(down)
        workspaces.close()


def _watch(seen: list[bytes], done: threading.Event) -> None:
    while not done.wait(0.1):
        seen.append(arguments())
