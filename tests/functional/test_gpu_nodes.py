"""Device nodes in real containers: what a real kernel and a real engine answer to opening them.

The nodes have NVIDIA's names. Behind some is nothing, behind others another device, so that no GPU is needed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import checks
from envkit.checks import gpu, observations
from envkit.model.facts import HostGpu
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

    from envkit.model.report import Finding, Observation
    from tests.functional.conftest import SharedEnvironment

pytestmark = pytest.mark.image
HOST = HostGpu("470.256.02", ("/dev/nvidia0",), ("0000:01:00.0",))
DEVICES = Path("/sys/fs/cgroup/devices")  # of the older control groups
MAKE = "for name in nvidiactl nvidia-uvm nvidia0; do mknod -m {mode} /dev/$name c {numbers} || exit 1; done; sleep 300"
NVIDIA, NULL = "195 255", "1 3"
RULE = "c 195:* rwm"
# Row: how nodes are made, what the engine allows, what opening says, check, part of the hint.
ROWS: dict[str, tuple[str, list[str], str, str, str]] = {
    "nodes ENOENT": ("sleep 300", [RULE], "ENOENT", "gpu/nodes-missing", "envkit up --gpu"),
    "nodes ENXIO": (
        MAKE.format(mode=666, numbers=NVIDIA),
        [RULE],
        "ENXIO",
        "gpu/module-not-loaded",
        "modprobe nvidia",
    ),
    "nodes EPERM": (MAKE.format(mode=666, numbers=NVIDIA), [], "EPERM", "gpu/nodes-denied", "envkit up --gpu"),
    "nodes EACCES": (
        MAKE.format(mode=600, numbers=NVIDIA),
        [RULE],
        "EACCES",
        "gpu/nodes-forbidden",
        "chmod a+rw",
    ),
}


class Nodes:
    """Containers with such nodes."""

    def __init__(self, engine: docker.DockerClient, image: str) -> None:
        self.engine, self.image = engine, image
        self.made: list[Container] = []

    def start(self, command: str, rules: list[str]) -> Container:
        """Start one, and return it once its nodes are there."""
        container = self.engine.containers.run(
            self.image,
            ["-c", f"trap exit TERM; ({command}) & wait"],
            entrypoint="sh",
            user="0:0",
            detach=True,
            cap_drop=["ALL"],
            cap_add=["MKNOD"],
            network_mode="none",
            device_cgroup_rules=rules,
            init=True,
        )
        self.made.append(container)
        if "mknod" in command:
            done = container.exec_run(["sh", "-c", "until [ -e /dev/nvidia0 ]; do :; done"])
            assert done.exit_code == 0, container.logs()
        return container

    def looked(self, container: Container) -> tuple[Observation, ...]:
        """Take the real look, as an ordinary user."""
        done = container.exec_run(["python", "-c", guest_runner.build_program("nodes")], user="1000:1000", stderr=False)
        assert isinstance(done.output, bytes)
        return observations.parse_all(done.output.decode().splitlines())


@pytest.fixture(scope="module")
def nodes(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Nodes]:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a driver, so that something stands behind such nodes")
    found = Nodes(engine, str(shared_env.container.attrs["Image"]))
    yield found
    for container in found.made:
        container.remove(force=True, v=True)


def judged(seen: tuple[Observation, ...]) -> Finding:
    return gpu.check(seen, required=True, host=HOST, engine=None)[0]


@pytest.mark.proves("A GPU that fails is explained by the layer that failed", "real")
@pytest.mark.parametrize("row", ROWS)
def test_each_answer_of_a_node_is_another_fault(row: str, nodes: Nodes) -> None:
    command, rules, answer, check, hint = ROWS[row]
    seen = nodes.looked(nodes.start(command, rules))
    assert set(observations.data(seen, "gpu.nodes")["nodes"].values()) == {answer}
    assert judged(seen).check == check
    assert hint in judged(seen).hint
    assert checks.gpu_device_nodes(seen).check == check


LOST = {"29 the rules of a running container are lost": "gpu/nodes-denied"}


@pytest.mark.proves("a GPU that a container loses while it runs is told", "real")
@pytest.mark.skipif(not os.access(DEVICES, os.W_OK), reason="a reload of the service manager is acted by cgroup v1")
@pytest.mark.parametrize("row", LOST)
def test_a_container_whose_device_rules_are_lost_is_told(row: str, nodes: Nodes) -> None:
    container = nodes.start(MAKE.format(mode=666, numbers=NULL), [])
    before = nodes.looked(container)
    assert checks.gpu_device_nodes(before).check == "gpu/nodes-open"
    (group,) = DEVICES.glob(f"**/*{container.id}*")
    (group / "devices.deny").write_text("c 1:3 rwm")
    after = nodes.looked(container)
    assert (checks.gpu_device_nodes(after).check, judged(after).check) == (LOST[row], LOST[row])
    assert "native.cgroupdriver=cgroupfs" in checks.gpu_device_nodes(after).hint
