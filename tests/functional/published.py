"""An environment whose SSH server is published at a port of this host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.functional.inside import Inside
from tests.functional.openssh import Ssh
from tests.functional.traces import container, state_folder, title

if TYPE_CHECKING:
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

FIRST_UP_S = 1500


@dataclass(frozen=True)
class Published:
    """An environment whose SSH server is published, and the ordinary client that uses it."""

    project: Path
    up: Ran
    ssh: Ssh
    engine: docker.DockerClient

    @property
    def inside(self) -> Inside:
        """Return its container, to run programs in."""
        return Inside(container(self.engine, self.ssh.user, self.project))

    @property
    def result(self) -> dict[str, Any]:
        """Return the report of its `up`."""
        found: dict[str, Any] = json.loads(self.up.out)["result"]
        return found

    @property
    def port(self) -> int:
        """Return the port of loopback it is published at."""
        return int(self.result["ssh_port"])


def brought_up(project: Path, user: User, run_envkit: Envkit, engine: docker.DockerClient) -> Published:
    """Bring a project up, all of its access agreed to."""
    up = run_envkit(["up", "--yes", "--format", "json", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    ssh = Ssh(user, state_folder(user, project) / "client/ssh_config", title(user, project))
    return Published(project, up, ssh, engine)
