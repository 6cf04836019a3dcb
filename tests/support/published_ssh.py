"""An environment whose SSH server is published on a loopback port of this host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.container_commands import Inside
from tests.support.environment_traces import container, container_name, state_folder
from tests.support.openssh import Ssh

if TYPE_CHECKING:
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

FIRST_UP_S = 1500


@dataclass(frozen=True)
class Published:
    """An environment with a published SSH server, and a client."""

    project: Path
    up: CommandResult
    ssh: Ssh
    engine: docker.DockerClient

    @property
    def inside(self) -> Inside:
        """Return a runner of programs in the container."""
        return Inside(container(self.engine, self.ssh.user, self.project))

    @property
    def result(self) -> dict[str, Any]:
        """Return the result of its `up`."""
        result: dict[str, Any] = json.loads(self.up.out)["result"]
        return result

    @property
    def port(self) -> int:
        """Return the published loopback port."""
        return int(self.result["ssh_port"])


def brought_up(project: Path, user: User, run_envkit: Envkit, engine: docker.DockerClient) -> Published:
    """Bring a project up and approve its access."""
    up = run_envkit(["up", "--yes", "--format", "json", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    ssh = Ssh(user, state_folder(user, project) / "client/ssh_config", container_name(user, project))
    return Published(project, up, ssh, engine)
