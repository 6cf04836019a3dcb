"""Docker's `Backend`: delegates to the modules of this package, which are imported on first use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envkit import ssh_tunnel
from envkit.model.backend import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.backend import (
        BuilderRequest,
        EngineDetails,
        FileEntry,
        ImageDates,
        PortPublisher,
        PullProblem,
        RunResult,
        UnusedResource,
    )
    from envkit.model.engine_state import ActualState, BindInfo, ContainerInfo, ImageInfo
    from envkit.model.facts import Account, EngineFacts
    from envkit.model.report import Progress
    from envkit.model.run import Gpus, RunPlan

    ProgressCallback = Callable[[Progress], None]


def connect(endpoint: str) -> DockerBackend:
    """Connect to the engine at an endpoint; see `backends.connect`."""
    from envkit.backends.docker import client

    return DockerBackend(client.connect(endpoint))


def capabilities(endpoint: str) -> Capabilities:
    """Return the capabilities of an engine; a remote one mounts and publishes on its own machine."""
    is_local = not ssh_tunnel.is_remote(endpoint)
    return Capabilities(binds=is_local, local_ports=is_local, gpus=is_local)


@dataclass(frozen=True, slots=True)
class DockerBackend:
    """A connected engine; see `Backend` for the methods.

    Attributes:
        engine: The engine.
    """

    engine: Engine

    @property
    def endpoint(self) -> str:
        return self.engine.endpoint

    @property
    def capabilities(self) -> Capabilities:
        return capabilities(self.engine.endpoint)

    # Facts

    def facts(self) -> EngineFacts:
        from envkit.backends.docker import client

        return client.facts(self.engine)

    def details(self) -> EngineDetails:
        from envkit.backends.docker import client

        return client.details(self.engine)

    def refuse_unsupported(self, facts: EngineFacts, machine: str) -> None:
        from envkit.backends.docker import client

        client.refuse_unsupported(facts, machine)

    # Inspect

    def container(self, name: str) -> ContainerInfo | None:
        from envkit.backends.docker import inspect

        return inspect.container(self.engine, name)

    def image(self, ref: str) -> ImageInfo | None:
        from envkit.backends.docker import inspect

        return inspect.image(self.engine, ref)

    def actual_state(self, name: str, volumes: Iterable[str]) -> ActualState:
        from envkit.backends.docker import inspect

        return inspect.actual_state(self.engine, name, volumes)

    def environment_containers(self, owner: int | None) -> list[ContainerInfo]:
        from envkit.backends.docker import inspect

        return inspect.environment_containers(self.engine, owner)

    def resource_labels(self, owner: int) -> tuple[Mapping[str, str], ...]:
        from envkit.backends.docker import inspect

        return inspect.resource_labels(self.engine, owner)

    def other_binds(self, owner: int, project: str, name: str) -> tuple[BindInfo, ...]:
        from envkit.backends.docker import inspect

        return inspect.other_binds(self.engine, owner, project, name)

    def image_sizes(self) -> Mapping[str, int]:
        from envkit.backends.docker import inspect

        return inspect.image_sizes(self.engine)

    def has_gpus(self, name: str) -> bool:
        from envkit.backends.docker import inspect

        return inspect.has_gpus(self.engine, name)

    def port_publisher(self, port: int) -> PortPublisher | None:
        from envkit.backends.docker import inspect

        return inspect.port_publisher(self.engine, port)

    # Steps

    def create_container(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> None:
        from envkit.backends.docker import containers

        containers.create(self.engine, run, ref, labels)

    def start_container(self, name: str) -> None:
        from envkit.backends.docker import containers

        containers.start(self.engine, name)

    def unpause_container(self, name: str) -> None:
        from envkit.backends.docker import containers

        containers.unpause(self.engine, name)

    def remove_container(self, name: str) -> None:
        from envkit.backends.docker import containers

        containers.remove(self.engine, name)

    def create_network(self, run: RunPlan, labels: Mapping[str, str]) -> None:
        from envkit.backends.docker import containers

        containers.create_network(self.engine, run, labels)

    def remove_network(self, name: str) -> None:
        from envkit.backends.docker import containers

        containers.remove_network(self.engine, name)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        from envkit.backends.docker import containers

        containers.create_volume(self.engine, name, labels)

    def remove_volume(self, name: str) -> None:
        from envkit.backends.docker import containers

        containers.remove_volume(self.engine, name)

    def prepare_volumes(
        self, volumes: Mapping[str, tuple[str, ...]], owner: Account, ref: str, helper: str, labels: Mapping[str, str]
    ) -> None:
        from envkit.backends.docker import containers

        containers.prepare_volumes(self.engine, volumes, owner, ref, helper, labels)

    def upload(
        self, volume: str, entries: Iterable[FileEntry], ref: str, helper: str, labels: Mapping[str, str]
    ) -> None:
        from envkit.backends.docker import containers

        containers.upload(self.engine, volume, entries, ref, helper, labels)

    # Images

    def check_builder(self, request: BuilderRequest) -> None:
        from envkit.backends.docker import builder

        builder.find(request)

    def build_image(
        self,
        request: BuilderRequest,
        context: tuple[Artifact, ...],
        ref: str,
        labels: Mapping[str, str],
        proxies: Mapping[str, str],
        login: str,
        on_progress: ProgressCallback,
        *,
        no_cache: bool = False,
    ) -> str:
        from envkit.backends.docker import builder

        return builder.build(self.engine, request, context, ref, labels, proxies, login, on_progress, no_cache=no_cache)

    def import_image(self, tar_path: Path, ref: str, labels: Mapping[str, str]) -> None:
        from envkit.backends.docker import images

        images.import_tar(self.engine, tar_path, ref, labels)

    def check_image(self, ref: str) -> PullProblem | None:
        from envkit.backends.docker import registry

        return registry.check_image(self.engine, ref)

    def pull_image(self, ref: str, on_progress: ProgressCallback) -> None:
        from envkit.backends.docker import registry

        registry.pull(self.engine, ref, on_progress)

    def describe_image(self, image: str, name: str, labels: Mapping[str, str]) -> str | None:
        from envkit.backends.docker import image_contents

        return image_contents.describe_image(self.engine, image, name, labels)

    def remove_image(self, ref: str) -> bool:
        from envkit.backends.docker import images

        return images.remove(self.engine, ref)

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
        from envkit.backends.docker import container_exec

        return container_exec.run_script(
            self.engine, container, argv, text, on_line, limit_s=limit_s, env=env, user=user
        )

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
        from envkit.backends.docker import container_exec

        return container_exec.run_attached(
            self.engine, container, argv, tty=tty, workdir=workdir, env=env, folder=folder
        )

    def run_raw(self, container: str, argv: Sequence[str]) -> int:
        from envkit.backends.docker import container_exec

        return container_exec.run_raw(self.engine, container, argv)

    def logs(self, name: str, *, lines: int | None = None, follow: bool = False) -> Iterator[bytes]:
        from envkit.backends.docker import containers

        return containers.logs(self.engine, name, lines=lines, follow=follow)

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
        from envkit.backends.docker import run_once

        return run_once.run(
            self.engine,
            image,
            argv,
            text,
            on_line,
            name=name,
            labels=labels,
            limit_s=limit_s,
            gpus=gpus,
            network=network,
            user=user,
            through_entrypoint=through_entrypoint,
        )

    def lifetime_labels(self, limit_s: float) -> dict[str, str]:
        from envkit.backends.docker import temporary

        return temporary.lifetime_labels(limit_s)

    def remove_abandoned(self, owner: int) -> list[str]:
        from envkit.backends.docker import temporary

        return temporary.remove_abandoned(self.engine, owner)

    def remove_by_prefix(self, owner: int, prefix: str) -> list[str]:
        from envkit.backends.docker import temporary

        return temporary.remove_by_prefix(self.engine, owner, prefix)

    # Prune

    def find_unused(
        self, owner: int, environment_names: Collection[str], kept_bases: Collection[str], kept_images: Collection[str]
    ) -> tuple[UnusedResource, ...]:
        from envkit.backends.docker import prune

        return prune.find(self.engine, owner, environment_names, kept_bases, kept_images)

    def reclaimable_bytes(self, resources: Sequence[UnusedResource]) -> int:
        from envkit.backends.docker import prune

        return prune.reclaimable_bytes(self.engine, resources)

    def remove_unused(
        self, resources: Sequence[UnusedResource], on_progress: ProgressCallback
    ) -> tuple[list[str], int]:
        from envkit.backends.docker import prune

        return prune.remove(self.engine, resources, on_progress)

    # Audit

    def raw_inspection(self, container: str) -> dict[str, Any]:
        from envkit.backends.docker import leak_scan

        return leak_scan.inspect_container(self.engine, container)

    def image_dates(self, container: str, base: str) -> ImageDates:
        from envkit.backends.docker import leak_scan

        return leak_scan.image_dates(self.engine, container, base)

    def find_leaks(self, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from envkit.backends.docker import leak_scan

        return leak_scan.find_leaks(self.engine, container, secret)

    def container_request(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> dict[str, Any]:
        from envkit.backends.docker import evidence

        return evidence.container_request(self.engine, run, ref, labels)

    def planned_inspection(
        self, request: Mapping[str, Any], image: str, name: str, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        from envkit.backends.docker import evidence

        return evidence.planned_inspection(self.engine, request, image, name, labels)

    def describe_surroundings(self, container: str, network: str, images: Iterable[str]) -> dict[str, Any]:
        from envkit.backends.docker import evidence

        return evidence.describe_surroundings(self.engine, container, network, images)

    def read_files(self, container: str, path: str) -> tuple[FileEntry, ...]:
        from envkit.backends.docker import evidence

        return evidence.read_files(self.engine, container, path)
