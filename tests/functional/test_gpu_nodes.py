"""Device nodes in real containers: the results of opening them with a real kernel and engine.

The nodes have NVIDIA's names, but belong to no device or to another one, so that no GPU is needed.
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
MAKE_NODES = (
    "for name in nvidiactl nvidia-uvm nvidia0; do mknod -m {mode} /dev/$name c {numbers} || exit 1; done; sleep 300"
)
NVIDIA, NULL = "195 255", "1 3"
RULE = "c 195:* rwm"
# By row: command that makes the nodes, device rules, error of opening, check, part of the hint.
ROWS: dict[str, tuple[str, list[str], str, str, str]] = {
    "nodes ENOENT": ("sleep 300", [RULE], "ENOENT", "gpu/nodes-missing", "envkit up --gpu"),
    "nodes ENXIO": (
        MAKE_NODES.format(mode=666, numbers=NVIDIA),
        [RULE],
        "ENXIO",
        "gpu/module-not-loaded",
        "modprobe nvidia",
    ),
    "nodes EPERM": (MAKE_NODES.format(mode=666, numbers=NVIDIA), [], "EPERM", "gpu/nodes-denied", "envkit up --gpu"),
    "nodes EACCES": (
        MAKE_NODES.format(mode=600, numbers=NVIDIA),
        [RULE],
        "EACCES",
        "gpu/nodes-forbidden",
        "chmod a+rw",
    ),
}


class NodeContainers:
    """Factory for containers with such nodes."""

    def __init__(self, engine: docker.DockerClient, image: str) -> None:
        self.engine, self.image = engine, image
        self.containers: list[Container] = []

    def start(self, command: str, rules: list[str]) -> Container:
        """Start a container; return it when its nodes exist."""
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
        self.containers.append(container)
        if "mknod" in command:
            process = container.exec_run(["sh", "-c", "until [ -e /dev/nvidia0 ]; do :; done"])
            assert process.exit_code == 0, container.logs()
        return container

    def observe(self, container: Container) -> tuple[Observation, ...]:
        """Run the real guest program as an ordinary user."""
        process = container.exec_run(
            ["python", "-c", guest_runner.build_program("nodes")], user="1000:1000", stderr=False
        )
        assert isinstance(process.output, bytes)
        return observations.parse_all(process.output.decode().splitlines())


@pytest.fixture(scope="module")
def nodes(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[NodeContainers]:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this host has a driver, to which such nodes belong")
    containers = NodeContainers(engine, str(shared_env.container.attrs["Image"]))
    yield containers
    for container in containers.containers:
        container.remove(force=True, v=True)


def gpu_finding(node_observations: tuple[Observation, ...]) -> Finding:
    return gpu.check(node_observations, required=True, host=HOST, engine=None)[0]


@pytest.mark.proves("the report of a failing GPU names the layer that failed", "real")
@pytest.mark.parametrize("row", ROWS)
def test_each_open_error_is_a_different_failure(row: str, nodes: NodeContainers) -> None:
    command, rules, error, check, hint = ROWS[row]
    node_observations = nodes.observe(nodes.start(command, rules))
    assert set(observations.data(node_observations, "gpu.nodes")["nodes"].values()) == {error}
    assert gpu_finding(node_observations).check == check
    assert hint in gpu_finding(node_observations).hint
    assert checks.gpu_device_nodes(node_observations).check == check


LOST = {"29 the rules of a running container are lost": "gpu/nodes-denied"}


@pytest.mark.proves("a GPU that a running container loses is reported", "real")
@pytest.mark.skipif(
    not os.access(DEVICES, os.W_OK), reason="needs cgroup v1 to simulate a reload of the service manager"
)
@pytest.mark.parametrize("row", LOST)
def test_lost_device_rules_are_reported(row: str, nodes: NodeContainers) -> None:
    container = nodes.start(MAKE_NODES.format(mode=666, numbers=NULL), [])
    old_observations = nodes.observe(container)
    assert checks.gpu_device_nodes(old_observations).check == "gpu/nodes-open"
    (group,) = DEVICES.glob(f"**/*{container.id}*")
    (group / "devices.deny").write_text("c 1:3 rwm")
    new_observations = nodes.observe(container)
    assert {checks.gpu_device_nodes(new_observations).check, gpu_finding(new_observations).check} == {LOST[row]}
    assert "native.cgroupdriver=cgroupfs" in checks.gpu_device_nodes(new_observations).hint
