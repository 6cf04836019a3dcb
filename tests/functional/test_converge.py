"""`up` converges any actual state to the configuration, and keeps the user's data."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.container_commands import Inside
from tests.support.environment_traces import container, container_name, start_identity, state_folder
from tests.support.error_assertions import assert_error
from tests.support.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

FIRST_UP_S, BUILD_S = 1500, 600
# A subnet, and later a port, that no other environment chooses while this one is stopped or removed.
PLAIN_CONFIG = "gpu: off\nnetwork: {pool: 10.184.0.0/24}\n"
CHANGED_CONFIG = f"""\
{PLAIN_CONFIG}\
jupyter: {{port: 18888}}
env: {{GREETING: "good morning"}}
limits: {{memory: 3g}}
python: [iniconfig]
mounts: [{{source: ../data, target: /data, read_only: true}}]
"""


@dataclass(frozen=True)
class Environment:
    """An environment that these tests disturb, one after the other."""

    project: Path
    user: User
    envkit: Envkit
    engine: docker.DockerClient

    @property
    def container(self) -> Container:
        """Its container as it is now."""
        return container(self.engine, self.user, self.project)

    @property
    def inside(self) -> Inside:
        """Its container, to run programs in."""
        return Inside(self.container)

    def write_config(self, config: str) -> None:
        """Replace its configuration."""
        (self.project / "envkit.yaml").write_text(config)

    def run(self, *args: str) -> CommandResult:
        """Run envkit in its project."""
        return self.envkit(args, cwd=self.project, timeout_s=BUILD_S)

    def changes(self, *args: str) -> list[str]:
        """Run `up`; return the executed steps."""
        up = self.run("up", "--format", "json", *args)
        assert up.code == 0, str(up)
        changed: list[str] = json.loads(up.out)["result"]["changed"]
        return changed

    def collect_data(self) -> dict[str, Any]:
        """Return the data that must survive its container."""
        return {
            "token": self.run("token", "--show").out,
            "host key": (state_folder(self.user, self.project) / "client/known_hosts").read_text(),
            "home": self.inside.sh("cat ~/notes").out,
            "workspace": (self.project / "train.py").read_text(),
            "installed": self.inside.sh("python -c 'import pluggy; print(pluggy.__file__)'").out,
        }


@pytest.fixture(scope="module")
def env(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Environment]:
    """Yield an environment that was started while another process had port 8888."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces(PLAIN_CONFIG, name="converging", files={"train.py": "print('mine')\n"})
    with socket.socket() as listener:
        _occupy(listener, 8888)
        up = run_envkit(["up"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    yield Environment(project, user, run_envkit, engine)
    workspaces.close()


def _occupy(listener: socket.socket, port: int) -> None:
    """Listen on a port, unless another process does already."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        listener.bind(("127.0.0.1", port))
        listener.listen()


@pytest.mark.proves("a port that is taken is replaced by a free one", "real")
def test_taken_port_is_replaced_by_a_free_one(env: Environment) -> None:
    ports = env.container.attrs["HostConfig"]["PortBindings"]["8888/tcp"]
    assert [port["HostIp"] for port in ports] == ["127.0.0.1"]
    assert ports[0]["HostPort"] != "8888"


@dataclass(frozen=True)
class Change:
    """The data before a change, a refused `up`, and the steps of the approved one."""

    old_data: dict[str, Any]
    old_id: str | None
    refused_up: CommandResult
    is_unchanged: bool
    steps: list[str]


@pytest.fixture(scope="module")
def change(env: Environment) -> Change:
    """Store data in an environment, then change everything in its plan at once."""
    setup = env.inside.sh("echo 'my notes' > ~/notes && pip install --quiet pluggy")
    assert setup.code == 0, str(setup)
    env.user.folder(env.project.parent / "data")
    old_data, old_identity = env.collect_data(), start_identity(env.container)
    env.write_config(CHANGED_CONFIG)
    refused_up = env.run("up")
    is_unchanged = start_identity(env.container) == old_identity
    return Change(old_data, old_identity[0], refused_up, is_unchanged, env.changes("--yes"))


@pytest.mark.proves(
    "an `up` that grants more access shows the difference and asks; without a terminal it refuses", "real"
)
def test_new_access_is_refused_without_a_terminal(change: Change, env: Environment) -> None:
    data = env.project.parent / "data"
    assert_error(change.refused_up, 2, f"  - {data}, outside the project folder, can be read at /data\n", "--yes")
    assert change.is_unchanged


@pytest.mark.proves("a changed plan recreates the container", "real")
def test_changed_plan_recreates_the_container(change: Change, env: Environment) -> None:
    assert env.container.id != change.old_id
    assert env.container.attrs["HostConfig"]["Memory"] == 3 * 2**30
    output = env.inside.sh('echo "$GREETING"; python -c "import iniconfig"; ls -d /data; touch /data/x')
    assert (output.out, "Read-only file system" in output.err) == ("good morning\n/data\n", True)
    # The image is built only if no earlier run left one.
    steps = [step for step in change.steps if step != "BuildImage"]
    assert steps == ["RemoveContainer", "ReplaceFiles", "CreateContainer", "StartContainer"]


@pytest.mark.proves("a changed plan keeps workspace, home, installed packages, token and host key", "real")
def test_changed_plan_keeps_data_and_keys(change: Change, env: Environment) -> None:
    data = env.collect_data()
    assert data == change.old_data
    assert all(data.values())


@pytest.mark.proves("access that was approved once needs no second approval", "real")
def test_approved_access_needs_no_second_approval(change: Change, env: Environment) -> None:
    old_identity = start_identity(env.container)
    assert env.changes() == []
    assert start_identity(env.container) == old_identity


@pytest.mark.proves("a new SSH key is installed without a new container", "real")
def test_new_ssh_key_replaces_files_only(change: Change, env: Environment) -> None:
    keygen = env.user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", env.project / "new"])
    assert keygen.code == 0, str(keygen)
    old_identity = start_identity(env.container)
    env.write_config(f"{CHANGED_CONFIG}ssh: {{keys: [new.pub]}}\n")
    assert_error(env.run("up"), 2, "the owner of the SSH key ssh-ed25519 ")
    assert env.changes("--yes") == ["ReplaceFiles"]
    assert start_identity(env.container) == old_identity
    line = (env.project / "new.pub").read_text().split()[1]
    assert line in env.inside("cat", "/run/secrets/envkit/authorized_keys").out


def _stop(env: Environment) -> None:
    env.container.stop(timeout=0)


def _pause(env: Environment) -> None:
    env.container.pause()


def _lose_network(env: Environment) -> None:
    env.container.stop(timeout=0)
    network = env.engine.networks.get(container_name(env.user, env.project))
    network.remove()


def _lose_everything(env: Environment) -> None:
    env.container.remove(force=True)
    name = container_name(env.user, env.project)
    env.engine.networks.get(name).remove()
    env.engine.volumes.get(f"{name}-home").remove()


def _damage_mounted_files(env: Environment) -> None:
    """Damage the mounted files as a careless backup may do: readable by others, and one truncated."""
    mounted = state_folder(env.user, env.project) / "mount"
    (mounted / "token").chmod(0o644)
    key = mounted / "ssh_host_ed25519_key"
    key.write_text(key.read_text()[:100])


@pytest.mark.parametrize(
    ("disturb", "steps"),
    [
        (_damage_mounted_files, ["ReplaceFiles"]),
        (_stop, ["StartContainer"]),
        (_pause, ["UnpauseContainer"]),
        (_lose_network, ["RemoveContainer", "CreateNetwork", "CreateContainer", "StartContainer"]),
        (_lose_everything, ["CreateNetwork", "CreateVolume", "PrepareVolumes", "CreateContainer", "StartContainer"]),
    ],
)
@pytest.mark.proves("the next `up` repairs everything that was stopped, paused or removed", "real")
def test_up_repairs_stopped_and_removed_resources(
    disturb: Callable[[Environment], None], steps: list[str], env: Environment
) -> None:
    disturb(env)
    assert env.changes("--yes") == steps
    assert env.container.status == "running"
    assert env.inside.sh("echo still here > ~/proof && cat ~/proof").out == "still here\n"


def test_damaged_state_is_refused_and_its_hint_works(env: Environment) -> None:
    state_file = state_folder(env.user, env.project) / "state.json"
    content, old_identity = state_file.read_bytes(), start_identity(env.container)
    env.user.own(state_file, 0o600)
    state_file.write_text("{")
    for verb in ("up", "down"):
        assert_error(env.run(verb), 2, str(state_file), "is damaged", f"rm {state_file}")
    state_file.unlink()
    plan = env.run("up", "--dry-run", "--yes", "--format", "json")
    assert plan.code == 0, str(plan)
    assert [step.split("(")[0] for step in json.loads(plan.out)["result"]["steps"]] == ["PrepareVolumes"]
    state_file.write_bytes(content)
    env.user.own(state_file, 0o600)
    assert env.changes() == []
    assert start_identity(env.container) == old_identity


@pytest.mark.proves("if a container exits, its last log lines and a hint are printed", "real")
def test_exited_container_shows_its_last_lines(env: Environment) -> None:
    damage = env.inside.sh('rm -rf "$VIRTUAL_ENV" && touch "$VIRTUAL_ENV"')
    assert damage.code == 0, str(damage)
    env.container.stop(timeout=0)
    up = env.run("up")
    assert_error(up, 3, "the container exited with code", "its last lines:", "envkit logs")
    logs = env.run("logs")
    assert (logs.code, "cannot overwrite" in logs.out) == (0, True), str(logs)
