# ruff: noqa: ARG002 - the fake has the signatures of the Protocol
"""A backend in memory. `tests/contract/test_backend.py` runs the same cases on it and on a real engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.errors import EngineError, PortTaken, StartFailed, SubnetTaken
from envkit.model.backend import Capabilities, EngineDetails, ImageDates, PortPublisher, RunResult
from envkit.model.engine_state import ActualState, BindInfo, ContainerInfo, ImageInfo, NetworkInfo, VolumeInfo
from envkit.model.facts import EngineFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from envkit.model.activity import Activity
    from envkit.model.artifact import Artifact
    from envkit.model.backend import BuilderRequest, FileEntry, PullProblem, UnusedResource
    from envkit.model.facts import Account
    from envkit.model.report import Progress
    from envkit.model.run import Gpus, RunPlan

FACTS = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=())
REMOTE = Capabilities(binds=False, local_ports=False, gpus=False)


class FakeBackend:
    """A backend whose resources are dictionaries; the methods of both Protocols work on them.

    Tests set the attributes, and replace methods whose result depends on a program in a container.

    Attributes:
        containers: Containers by name.
        images: Images by reference.
        networks: Networks by name.
        volumes: Volumes by name.
        plans: Plan of each created container, by name.
        uploads: Uploaded entries by volume.
        changes: Every change, in order, such as `pull debian:bookworm-slim`.
        busy_ports: Loopback ports that another process uses.
        inspection: Result of `raw_inspection`.
    """

    def __init__(
        self,
        *,
        endpoint: str = "unix:///x",
        capabilities: Capabilities | None = None,
        facts: EngineFacts = FACTS,
        containers: Mapping[str, ContainerInfo] | None = None,
        images: Mapping[str, ImageInfo] | None = None,
    ) -> None:
        self.endpoint, self.capabilities, self._facts = endpoint, capabilities or Capabilities(), facts
        self.containers, self.images = dict(containers or {}), dict(images or {})
        self.networks, self.volumes = dict[str, NetworkInfo](), dict[str, VolumeInfo]()
        self.plans, self.uploads = dict[str, "RunPlan"](), dict[str, tuple["FileEntry", ...]]()
        self.changes, self.busy_ports, self.inspection = list[str](), set[int](), dict[str, Any]()
        self._next_id = 0

    def _new_id(self) -> str:
        self._next_id += 1
        return f"{self._next_id:064x}"

    def _require(self, name: str) -> ContainerInfo:
        if name not in self.containers:
            raise EngineError(f"No such container: {name}", code="engine-request-failed")
        return self.containers[name]

    # Facts

    def facts(self) -> EngineFacts:
        return self._facts

    def details(self) -> EngineDetails:
        return EngineDetails("1.45", "2", "/var/lib/docker", len(self.images))

    def refuse_unsupported(self, facts: EngineFacts, machine: str) -> None:
        pass

    # Inspect

    def container(self, name: str) -> ContainerInfo | None:
        return self.containers.get(name)

    def image(self, ref: str) -> ImageInfo | None:
        return self.images.get(ref) or next((image for image in self.images.values() if image.id == ref), None)

    def actual_state(self, name: str, volumes: Iterable[str]) -> ActualState:
        names = set(volumes)
        return ActualState(
            container=self.container(name),
            helper=self.container(naming.helper(name)),
            network=self.networks.get(name),
            volumes={
                volume: info
                for volume, info in self.volumes.items()
                if volume in names or volume.startswith(f"{name}-")
            },
            subnets=tuple(sorted(network.subnet for other, network in self.networks.items() if other != name)),
        )

    def environment_containers(self, owner: int | None) -> list[ContainerInfo]:
        labels = {naming.MANAGED: "1", **({} if owner is None else {naming.OWNER: str(owner)})}
        return [container for container in self.containers.values() if container.labels.items() >= labels.items()]

    def resource_labels(self, owner: int) -> tuple[Mapping[str, str], ...]:
        resources: tuple[ContainerInfo | NetworkInfo | VolumeInfo, ...] = (
            *self.containers.values(),
            *self.networks.values(),
            *self.volumes.values(),
        )
        labels = {naming.MANAGED: "1", naming.OWNER: str(owner)}
        return tuple(resource.labels for resource in resources if resource.labels.items() >= labels.items())

    def other_binds(self, owner: int, project: str, name: str) -> tuple[BindInfo, ...]:
        return tuple(
            BindInfo(container.labels.get(naming.NAME, container_name), mount.source, mount.read_only)
            for container_name, container in self.containers.items()
            if container.labels.get(naming.MANAGED) == "1"
            and not (naming.belongs_to(container.labels, owner, project) and container.labels.get(naming.NAME) == name)
            for mount in (self.plans[container_name].mounts if container_name in self.plans else ())
            if mount.kind == "bind"
        )

    def image_sizes(self) -> Mapping[str, int]:
        return {image.id: image.size_bytes for image in self.images.values() if image.labels.get(naming.MANAGED) == "1"}

    def has_gpus(self, name: str) -> bool:
        return name in self.plans and self.plans[name].gpus is not None

    def port_publisher(self, port: int) -> PortPublisher | None:
        return next(
            (
                PortPublisher(name, container.labels)
                for name, container in self.containers.items()
                if container.status == "running" and port in self._ports(name)
            ),
            None,
        )

    def _ports(self, name: str) -> set[int]:
        return {port.host for port in self.plans[name].ports} if name in self.plans else set()

    # Steps

    def create_container(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> None:
        image = self.image(ref)
        if run.name in self.containers:
            raise StartFailed(f"the name {run.name} is already in use", code="container-start-failed")
        if image is None:
            raise StartFailed(f"No such image: {ref}", code="container-start-failed")
        networks = () if run.network.mode == "none" else (run.network.name,)
        self.changes.append(f"create container {run.name}")
        self.plans[run.name] = run
        self.containers[run.name] = ContainerInfo(self._new_id(), "created", labels, image.id, networks)

    def start_container(self, name: str) -> None:
        container = self._require(name)
        self.changes.append(f"start {name}")
        for port in sorted(self._ports(name)):
            if port in self.busy_ports or self.port_publisher(port):
                self.remove_container(name)
                raise PortTaken(f"port {port} is already allocated", code="port-taken", port=port)
        self.containers[name] = replace(container, status="running")

    def unpause_container(self, name: str) -> None:
        if self._require(name).status != "paused":
            raise EngineError(f"{name} is not paused", code="engine-request-failed")
        self.changes.append(f"unpause {name}")
        self.containers[name] = replace(self.containers[name], status="running")

    def remove_container(self, name: str) -> None:
        self.plans.pop(name, None)
        if self.containers.pop(name, None):
            self.changes.append(f"remove container {name}")

    def create_network(self, run: RunPlan, labels: Mapping[str, str]) -> None:
        if any(network.subnet == run.network.subnet for network in self.networks.values()):
            raise SubnetTaken("Pool overlaps with other one on this address space", code="subnet-taken")
        self.changes.append(f"create network {run.network.name}")
        self.networks[run.network.name] = NetworkInfo(self._new_id(), labels, run.network.subnet, run.network.mtu)

    def remove_network(self, name: str) -> None:
        if self.networks.pop(name, None):
            self.changes.append(f"remove network {name}")

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        if name not in self.volumes:
            self.changes.append(f"create volume {name}")
            self.volumes[name] = VolumeInfo(labels, labels.get(naming.CREATED) or self._new_id())

    def remove_volume(self, name: str) -> None:
        if self.volumes.pop(name, None):
            self.changes.append(f"remove volume {name}")

    def prepare_volumes(
        self,
        volumes: Mapping[str, tuple[str, ...]],
        owner: Account,
        ref: str,
        helper: str,
        labels: Mapping[str, str],
    ) -> None:
        self.changes += [f"prepare volume {name}" for name in volumes]

    def upload(
        self, volume: str, entries: Iterable[FileEntry], ref: str, helper: str, labels: Mapping[str, str]
    ) -> None:
        self.changes.append(f"upload to {volume}")
        self.uploads[volume] = tuple(entries)

    # Images

    def check_builder(self, request: BuilderRequest) -> None:
        pass

    def build_image(
        self,
        request: BuilderRequest,
        context: tuple[Artifact, ...],
        ref: str,
        labels: Mapping[str, str],
        proxies: Mapping[str, str],
        login: str,
        on_progress: Callable[[Progress], None],
        *,
        no_cache: bool = False,
    ) -> str:
        self._add_image("build", ref, labels)
        return "a fake builder"

    def import_image(self, tar_path: Path, ref: str, labels: Mapping[str, str]) -> None:
        self._add_image("import", ref, labels)

    def check_image(self, ref: str) -> PullProblem | None:
        return None

    def pull_image(self, ref: str, on_progress: Callable[[Progress], None]) -> None:
        self._add_image("pull", ref, {})

    def _add_image(self, verb: str, ref: str, labels: Mapping[str, str]) -> None:
        self.changes.append(f"{verb} {ref}")
        self.images[ref] = ImageInfo(self._new_id(), labels, ref=ref, machine="amd64", from_registry=verb == "pull")

    def describe_image(self, image: str, name: str, labels: Mapping[str, str]) -> str | None:
        return None

    def remove_image(self, ref: str) -> bool:
        image = self.image(ref)
        if image is None:
            return True
        if any(container.image_id == image.id for container in self.containers.values()):
            return False
        self.changes.append(f"remove image {ref}")
        self.images = {other_ref: other for other_ref, other in self.images.items() if other is not image}
        return True

    # Programs in a running container

    def run_script(
        self,
        container: str,
        argv: Sequence[str],
        text: str,
        on_line: Callable[[str], None],
        *,
        limit_s: float,
        env: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        self._require(container)
        return 0

    def run_attached(
        self,
        container: str,
        argv: Sequence[str],
        *,
        tty: bool,
        workdir: str | None = None,
        env: Mapping[str, str] | None = None,
        folder: str = "",
    ) -> int:
        self._require(container)
        return 0

    def run_raw(self, name: str, argv: Sequence[str]) -> int:
        self._require(name)
        return 0

    def logs(self, name: str, *, lines: int | None = None, follow: bool = False) -> Iterator[bytes]:
        self._require(name)
        yield b""

    # Temporary containers

    def run_once(
        self,
        image: str,
        argv: Sequence[str],
        text: str,
        on_line: Callable[[str], None],
        *,
        name: str,
        labels: Mapping[str, str],
        limit_s: float,
        gpus: Gpus | None = None,
        network: str = "none",
        user: str = "",
        through_entrypoint: bool = False,
    ) -> RunResult:
        if self.image(image) is None:
            raise StartFailed(f"No such image: {image}", code="container-start-failed")
        return RunResult(0, out_of_memory=False)

    def lifetime_labels(self, limit_s: float) -> dict[str, str]:
        return {}

    def remove_abandoned(self, owner: int) -> list[str]:
        self.changes.append("remove abandoned")
        return []

    def remove_by_prefix(self, owner: int, prefix: str) -> list[str]:
        names = [
            name
            for name, container in self.containers.items()
            if name.startswith(prefix) and container.labels.get(naming.OWNER) == str(owner)
        ]
        for name in names:
            self.remove_container(name)
        return [f"container {name}" for name in names]

    # Prune

    def find_unused(
        self,
        owner: int,
        environment_names: Collection[str],
        kept_bases: Collection[str],
        kept_images: Collection[str],
    ) -> tuple[UnusedResource, ...]:
        return ()

    def reclaimable_bytes(self, resources: Sequence[UnusedResource]) -> int:
        return 0

    def remove_unused(
        self, resources: Sequence[UnusedResource], on_progress: Callable[[Progress], None]
    ) -> tuple[list[str], int]:
        return [str(resource) for resource in resources], 0

    # Audit

    def raw_inspection(self, container: str) -> dict[str, Any]:
        return self.inspection

    def image_dates(self, container: str, base: str) -> ImageDates:
        return ImageDates()

    def find_leaks(self, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()

    def container_request(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> dict[str, Any]:
        return {"Image": ref, "Labels": dict(labels)}

    def planned_inspection(
        self, request: Mapping[str, Any], image: str, name: str, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        return self.inspection

    def describe_surroundings(self, container: str, network: str, images: Iterable[str]) -> dict[str, Any]:
        return {"network": None, "changes": [], "images": {}}

    def read_files(self, container: str, path: str) -> tuple[FileEntry, ...]:
        return ()

    # FastBackend

    def running_container(self, name: str) -> ContainerInfo | None:
        container = self.containers.get(name)
        return container if container and container.status == "running" else None

    def is_running(self, name: str, labels: Mapping[str, str], network: str) -> bool:
        container = self.running_container(name)
        return (
            container is not None
            and network in container.networks
            and all(container.labels.get(key, "") == value for key, value in labels.items())
        )

    def owns_port(self, name: str, port: int) -> bool:
        container = self.running_container(name)
        return container is not None and container.labels.get(naming.PORT) == str(port or "")

    def measure_activity(self, name: str) -> Activity | None:
        return None
