"""Inspect containers, images, networks and volumes of an engine, without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.errors

from envkit import naming
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.model.backend import PortPublisher
from envkit.model.engine_state import ActualState, BindInfo, ContainerInfo, ImageInfo, NetworkInfo, VolumeInfo
from envkit.model.run_options import MTU

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envkit.backends.docker.client import Engine

DEFAULT_NETWORKS = {"bridge", "podman"}
USUAL_MTU = 1500
LOOPBACK = {"", "0.0.0.0", "::", "::1", "127.0.0.1"}  # noqa: S104 - addresses that an engine publishes on


def container(engine: Engine, name: str) -> ContainerInfo | None:
    """Inspect one container by name or id."""
    data = _inspect("inspecting the container", lambda: engine.api.inspect_container(name))
    return None if data is None else _parse_container(data)


def image(engine: Engine, ref: str) -> ImageInfo | None:
    """Inspect one image by reference."""
    inspect_image: Callable[[str], Any] = engine.api.inspect_image
    data = _inspect("inspecting the image", lambda: inspect_image(ref))
    if data is None:
        return None
    config = data.get("Config") or {}
    return ImageInfo(
        data["Id"],
        config.get("Labels") or {},
        data.get("Size", 0),
        ref,
        system=data.get("Os", ""),
        machine=naming.architecture(data.get("Architecture", "")),
        from_registry=bool(data.get("RepoDigests")),
        has_onbuild=bool(config.get("OnBuild")),
        entrypoint=tuple(map(str, config.get("Entrypoint") or ())),
    )


def actual_state(engine: Engine, name: str, volumes: Iterable[str]) -> ActualState:
    """Inspect all resources of an environment except its images."""
    volume_names = set(volumes)
    with translate_errors("inspecting networks and volumes"):
        networks = engine.api.networks()
        listed_volumes = engine.api.volumes(filters={"name": name})["Volumes"] or []
    return ActualState(
        container=container(engine, name),
        helper=container(engine, naming.helper(name)),
        network=next((_parse_network(network) for network in networks if network["Name"] == name), None),
        volumes={
            volume["Name"]: _parse_volume(volume)
            for volume in listed_volumes
            if volume["Name"] in volume_names or volume["Name"].startswith(f"{name}-")
        },
        subnets=tuple(sorted(_subnets(networks, excluded_name=name))),
        mtu=next((_mtu(network) for network in networks if network["Name"] in DEFAULT_NETWORKS), 0),
    )


def has_gpus(engine: Engine, name: str) -> bool:
    """Check whether a container has GPUs, by any method."""
    data = _inspect("inspecting the container", lambda: engine.api.inspect_container(name))
    host_config = (data or {}).get("HostConfig") or {}
    return bool(host_config.get("DeviceRequests")) or host_config.get("Runtime") == "nvidia"


def environment_containers(engine: Engine, owner: int | None) -> list[ContainerInfo]:
    """List the containers of one owner's environments, or of all owners', in one call."""
    labels = [f"{naming.MANAGED}=1"] + ([] if owner is None else [f"{naming.OWNER}={owner}"])
    with translate_errors("listing containers"):
        containers = engine.api.containers(all=True, filters={"label": labels})
    return [
        ContainerInfo(
            id=data["Id"],
            status=data["State"],
            labels=data.get("Labels") or {},
            image_id=data["ImageID"],
            networks=tuple((data.get("NetworkSettings") or {}).get("Networks") or {}),
        )
        for data in containers
    ]


def other_binds(engine: Engine, owner: int, project: str, name: str) -> tuple[BindInfo, ...]:
    """Return the host paths that containers of all other environments mount: of every user, running or not."""
    with translate_errors("listing containers"):
        containers = engine.api.containers(all=True, filters={"label": [f"{naming.MANAGED}=1"]})
    labelled_containers = [(data, data.get("Labels") or {}) for data in containers]
    return tuple(
        BindInfo(labels.get(naming.NAME, data["Id"][:12]), mount["Source"], not mount.get("RW"))
        for data, labels in labelled_containers
        if not (naming.belongs_to(labels, owner, project) and labels.get(naming.NAME) == name)
        for mount in data.get("Mounts") or ()
        if mount.get("Type") == "bind"
    )


def resource_labels(engine: Engine, owner: int) -> tuple[Mapping[str, str], ...]:
    """Return the labels of all resources of one owner's environments: containers first, then networks and volumes.

    Some may belong to environments whose state directory no longer exists.
    """
    filters = {"label": [f"{naming.MANAGED}=1", f"{naming.OWNER}={owner}"]}
    with translate_errors("listing containers, networks and volumes"):
        resources = [
            *engine.api.containers(all=True, filters=filters),
            *engine.api.networks(filters=filters),
            *(engine.api.volumes(filters=filters)["Volumes"] or ()),
        ]
    return tuple(resource.get("Labels") or {} for resource in resources)


def image_sizes(engine: Engine) -> dict[str, int]:
    """Return the size in bytes of each image that envkit built, by id."""
    with translate_errors("listing images"):
        images = engine.api.images(filters={"label": [f"{naming.MANAGED}=1"]})
    return {data["Id"]: int(data["Size"]) for data in images}


def port_publisher(engine: Engine, port: int) -> PortPublisher | None:
    """Find the running container that publishes a loopback port."""
    with translate_errors("listing containers"):
        containers = engine.api.containers()
    return next(
        (
            PortPublisher(_name(data), data.get("Labels") or {})
            for data in containers
            if any(_publishes(mapping, port) for mapping in data.get("Ports") or ())
        ),
        None,
    )


def _publishes(mapping: Mapping[str, Any], port: int) -> bool:
    matches = mapping.get("Type") == "tcp" and mapping.get("PublicPort") == port
    return matches and mapping.get("IP", "") in LOOPBACK


def _name(data: Mapping[str, Any]) -> str:
    name: str = next(iter(data.get("Names") or ()), data["Id"][:12])
    return name.removeprefix("/")


def _parse_container(data: Mapping[str, Any]) -> ContainerInfo:
    return ContainerInfo(
        id=data["Id"],
        status=data["State"]["Status"],
        labels=data["Config"].get("Labels") or {},
        image_id=data["Image"],
        networks=tuple((data.get("NetworkSettings") or {}).get("Networks") or {}),
        exit_code=data["State"].get("ExitCode", 0),
        is_unhealthy=(data["State"].get("Health") or {}).get("Status") == "unhealthy",
    )


def _parse_network(data: Mapping[str, Any]) -> NetworkInfo:
    configs = (data.get("IPAM") or {}).get("Config") or []
    subnet = configs[0].get("Subnet", "") if configs else ""
    return NetworkInfo(data["Id"], data.get("Labels") or {}, subnet, _mtu(data))


def _mtu(network: Mapping[str, Any]) -> int:
    """Return the MTU of a network, or 0 for the usual one. The engine applies its own only to its default network."""
    options = network.get("Options") or {}
    value = str(options.get(MTU) or options.get("mtu") or "")
    mtu = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0
    return 0 if mtu == USUAL_MTU else mtu


def _parse_volume(data: Mapping[str, Any]) -> VolumeInfo:
    labels = data.get("Labels") or {}
    # The engine's creation time changes whenever an entry of the top folder is added or removed.
    return VolumeInfo(labels, labels.get(naming.CREATED) or data.get("CreatedAt", ""))


def _subnets(networks: Iterable[Mapping[str, Any]], *, excluded_name: str) -> set[str]:
    return {
        config["Subnet"]
        for network in networks
        if network["Name"] != excluded_name
        for config in (network.get("IPAM") or {}).get("Config") or ()
        if config.get("Subnet")
    }


def _inspect(action: str, call: Callable[[], Any]) -> Mapping[str, Any] | None:
    with translate_errors(action):
        try:
            data: Mapping[str, Any] = call()
        except docker.errors.NotFound:
            return None
        return data
