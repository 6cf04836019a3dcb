"""An `up` leads from whatever is there to what the config says, and keeps what is somebody's work."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.inside import Inside
from tests.functional.messages import told
from tests.functional.traces import container, life, state_folder, title
from tests.functional.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

FIRST_UP_S, BUILD_S = 1500, 600
# Addresses, and later a port, that no other environment picks while these tests have stopped or removed theirs.
PLAIN = "gpu: off\nnetwork: {pool: 10.184.0.0/24}\n"
CHANGED = f"""\
{PLAIN}\
jupyter: {{port: 18888}}
env: {{GREETING: "good morning"}}
limits: {{memory: 3g}}
python: [iniconfig]
mounts: [{{source: ../data, target: /data, read_only: true}}]
"""


@dataclass(frozen=True)
class Environment:
    """One environment that these tests disturb, one after the other."""

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

    def says(self, config: str) -> None:
        """Give it another config."""
        (self.project / "envkit.yaml").write_text(config)

    def run(self, *args: str) -> Ran:
        """Run envkit in its project."""
        return self.envkit(args, cwd=self.project, timeout_s=BUILD_S)

    def changes(self, *args: str) -> list[str]:
        """Bring it up, and return what was done for that."""
        up = self.run("up", "--format", "json", *args)
        assert up.code == 0, str(up)
        changed: list[str] = json.loads(up.out)["result"]["changed"]
        return changed

    def kept(self) -> dict[str, Any]:
        """Return what must outlive its container."""
        return {
            "token": self.run("token", "--show").out,
            "host key": (state_folder(self.user, self.project) / "client/known_hosts").read_text(),
            "home": self.inside.sh("cat ~/notes").out,
            "workspace": (self.project / "train.py").read_text(),
            "installed": self.inside.sh("python -c 'import pluggy; print(pluggy.__file__)'").out,
        }


@pytest.fixture(scope="module")
def env(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Environment]:
    """Yield an environment that came up while somebody else had port 8888."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces(PLAIN, name="moving", files={"train.py": "print('mine')\n"})
    with socket.socket() as somebody:
        _take(somebody, 8888)
        up = run_envkit(["up"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    yield Environment(project, user, run_envkit, engine)
    workspaces.close()


def _take(somebody: socket.socket, port: int) -> None:
    """Listen on a port, unless somebody does already."""
    somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        somebody.bind(("127.0.0.1", port))
        somebody.listen()


@pytest.mark.proves("A port taken by somebody is replaced by a free one", "real")
def test_a_port_that_somebody_has_is_replaced_by_a_free_one(env: Environment) -> None:
    ports = env.container.attrs["HostConfig"]["PortBindings"]["8888/tcp"]
    assert [one["HostIp"] for one in ports] == ["127.0.0.1"]
    assert ports[0]["HostPort"] != "8888"


@dataclass(frozen=True)
class Change:
    """What there was, what an `up` said that nobody had agreed to, and what the next one did."""

    before: dict[str, Any]
    born: str | None
    refused: Ran
    untouched: bool
    done: list[str]


@pytest.fixture(scope="module")
def change(env: Environment) -> Change:
    """Fill an environment with work, then change everything its plan may change at once."""
    filled = env.inside.sh("echo 'my notes' > ~/notes && pip install --quiet pluggy")
    assert filled.code == 0, str(filled)
    env.user.folder(env.project.parent / "data")
    before, was = env.kept(), life(env.container)
    env.says(CHANGED)
    refused = env.run("up")
    untouched = life(env.container) == was
    return Change(before, was[0], refused, untouched, env.changes("--yes"))


@pytest.mark.proves("An `up` that widens access shows the difference and asks; without a terminal it refuses", "real")
def test_more_access_is_refused_where_nobody_can_be_asked(change: Change, env: Environment) -> None:
    data = env.project.parent / "data"
    told(change.refused, 2, f"  - {data}, outside the project folder, can be read at /data\n", "--yes")
    assert change.untouched


@pytest.mark.proves("A changed plan makes the container anew", "real")
def test_a_changed_plan_makes_the_container_anew(change: Change, env: Environment) -> None:
    assert env.container.id != change.born
    assert env.container.attrs["HostConfig"]["Memory"] == 3 * 2**30
    seen = env.inside.sh('echo "$GREETING"; python -c "import iniconfig"; ls -d /data; touch /data/x')
    assert (seen.out, "Read-only file system" in seen.err) == ("good morning\n/data\n", True)
    # Built only where no earlier run left an image of the same plan.
    done = [one for one in change.done if one != "BuildImage"]
    assert done == ["RemoveContainer", "ReplaceFiles", "CreateContainer", "StartContainer"]


@pytest.mark.proves("A changed plan keeps workspace, home, installed extras, token and host key", "real")
def test_a_changed_plan_keeps_everybodys_work(change: Change, env: Environment) -> None:
    after = env.kept()
    assert after == change.before
    assert all(after.values())


@pytest.mark.proves("What was agreed to once is not asked again", "real")
def test_what_was_agreed_to_is_not_asked_again(change: Change, env: Environment) -> None:
    was = life(env.container)
    assert env.changes() == []
    assert life(env.container) == was


@pytest.mark.proves("A new SSH key is put in place without making the container anew", "real")
def test_a_new_ssh_key_is_put_in_place_of_the_old_ones(change: Change, env: Environment) -> None:
    made = env.user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", env.project / "new"])
    assert made.code == 0, str(made)
    was = life(env.container)
    env.says(f"{CHANGED}ssh: {{keys: [new.pub]}}\n")
    told(env.run("up"), 2, "the owner of the SSH key ssh-ed25519 ")
    assert env.changes("--yes") == ["ReplaceFiles"]
    assert life(env.container) == was
    line = (env.project / "new.pub").read_text().split()[1]
    assert line in env.inside("cat", "/run/secrets/envkit/authorized_keys").out


def _stop(env: Environment) -> None:
    env.container.stop(timeout=0)


def _pause(env: Environment) -> None:
    env.container.pause()


def _lose_network(env: Environment) -> None:
    env.container.stop(timeout=0)
    network = env.engine.networks.get(title(env.user, env.project))
    network.remove()


def _lose_everything(env: Environment) -> None:
    env.container.remove(force=True)
    name = title(env.user, env.project)
    env.engine.networks.get(name).remove()
    env.engine.volumes.get(f"{name}-home").remove()


def _restore_carelessly(env: Environment) -> None:
    """Leave the mounted files as a backup may bring them back: open to others, and one cut short."""
    mounted = state_folder(env.user, env.project) / "mount"
    (mounted / "token").chmod(0o644)
    key = mounted / "ssh_host_ed25519_key"
    key.write_text(key.read_text()[:100])


@pytest.mark.parametrize(
    ("disturb", "steps"),
    [
        (_restore_carelessly, ["ReplaceFiles"]),
        (_stop, ["StartContainer"]),
        (_pause, ["UnpauseContainer"]),
        (_lose_network, ["RemoveContainer", "CreateNetwork", "CreateContainer", "StartContainer"]),
        (_lose_everything, ["CreateNetwork", "CreateVolume", "PrepareVolumes", "CreateContainer", "StartContainer"]),
    ],
)
@pytest.mark.proves("Whatever was stopped, paused or removed is brought to order by the next `up`", "real")
def test_what_was_disturbed_is_brought_to_order(
    disturb: Callable[[Environment], None], steps: list[str], env: Environment
) -> None:
    disturb(env)
    assert env.changes("--yes") == steps
    assert env.container.status == "running"
    assert env.inside.sh("echo still here > ~/proof && cat ~/proof").out == "still here\n"


def test_state_that_cannot_be_read_is_refused_and_its_hint_works(env: Environment) -> None:
    record = state_folder(env.user, env.project) / "state.json"
    kept, was = record.read_bytes(), life(env.container)
    env.user.own(record, 0o600)
    record.write_text("{")
    for verb in ("up", "down"):
        told(env.run(verb), 2, str(record), "is damaged", f"rm {record}")
    record.unlink()
    plan = env.run("up", "--dry-run", "--yes", "--format", "json")
    assert plan.code == 0, str(plan)
    assert [one.split("(")[0] for one in json.loads(plan.out)["result"]["steps"]] == ["PrepareVolumes"]
    record.write_bytes(kept)
    env.user.own(record, 0o600)
    assert env.changes() == []
    assert life(env.container) == was


@pytest.mark.proves("A container that dies shows its last lines and the hint", "real")
def test_a_container_that_dies_shows_its_last_lines_and_the_hint(env: Environment) -> None:
    broken = env.inside.sh('rm -rf "$VIRTUAL_ENV" && touch "$VIRTUAL_ENV"')
    assert broken.code == 0, str(broken)
    env.container.stop(timeout=0)
    died = env.run("up")
    told(died, 3, "the container exited with code", "its last lines:", "envkit logs")
    again = env.run("logs")
    assert (again.code, "cannot overwrite" in again.out) == (0, True), str(again)
