"""What the engine holds under the names an environment needs. Nothing is changed by looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.errors

from envkit import names
from envkit.engines.failure import translated
from envkit.model.found import Found, FoundBind, FoundContainer, FoundImage, FoundNetwork, FoundVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envkit.engines.connect import Engine


def container(engine: Engine, name: str) -> FoundContainer | None:
    """Look at one container by name or id."""
    data = _inspect("looking at the container", lambda: engine.api.inspect_container(name))
    return None if data is None else _container(data)


def image(engine: Engine, ref: str) -> FoundImage | None:
    """Look at one image by reference."""
    look: Callable[[str], Any] = engine.api.inspect_image
    data = _inspect("looking at the image", lambda: look(ref))
    if data is None:
        return None
    config = data.get("Config") or {}
    return FoundImage(
        data["Id"], config.get("Labels") or {}, data.get("Size", 0), ref,
        system=data.get("Os", ""), machine=names.machine(data.get("Architecture", "")),
        pulled=bool(data.get("RepoDigests")), triggers=bool(config.get("OnBuild")),
    )


def base(engine: Engine, suite: str, kept: str) -> FoundImage | None:
    """Find a base for a suite: the one that was used before, one envkit made, or Debian's own slim image."""
    own = names.base_refs(suite)
    candidates = (kept if kept in own else "", *own)
    return next((found for ref in candidates if ref and (found := image(engine, ref))), None)


def surroundings(engine: Engine, name: str, volumes: Iterable[str]) -> Found:
    """Look at everything of an environment but its images."""
    wanted = set(volumes)
    with translated("looking at networks and volumes"):
        networks = engine.api.networks()
        own = engine.api.volumes(filters={"name": name})["Volumes"] or []
    return Found(
        container=container(engine, name),
        helper=container(engine, names.helper(name)),
        network=next((_network(data) for data in networks if data["Name"] == name), None),
        volumes={
            data["Name"]: _volume(data)
            for data in own
            if data["Name"] in wanted or data["Name"].startswith(f"{name}-")
        },
        subnets=tuple(sorted(_subnets(networks, but=name))),
    )


def has_gpus(engine: Engine, name: str) -> bool:
    """Say whether a container was given GPUs, by whichever road."""
    data = _inspect("looking at the container", lambda: engine.api.inspect_container(name))
    host = (data or {}).get("HostConfig") or {}
    return bool(host.get("DeviceRequests")) or host.get("Runtime") == "nvidia"


def environments(engine: Engine, owner: int | None) -> list[FoundContainer]:
    """List the containers of one owner's environments, or of everybody's, in one call."""
    labels = [f"{names.MANAGED}=1"] + ([] if owner is None else [f"{names.OWNER}={owner}"])
    with translated("listing containers"):
        listed = engine.api.containers(all=True, filters={"label": labels})
    return [
        FoundContainer(
            id=data["Id"], status=data["State"], labels=data.get("Labels") or {}, image_id=data["ImageID"],
            networks=tuple((data.get("NetworkSettings") or {}).get("Networks") or {}),
        )
        for data in listed
    ]


def binds(engine: Engine, owner: int, project: str) -> tuple[FoundBind, ...]:
    """Return what the containers of all other environments show of the host: of every user, running or not."""
    with translated("listing containers"):
        listed = engine.api.containers(all=True, filters={"label": [f"{names.MANAGED}=1"]})
    labelled = [(data, data.get("Labels") or {}) for data in listed]
    return tuple(
        FoundBind(labels.get(names.NAME, data["Id"][:12]), mount["Source"], not mount.get("RW"))
        for data, labels in labelled
        if not names.ours(labels, owner, project)
        for mount in data.get("Mounts") or ()
        if mount.get("Type") == "bind"
    )


def labels_held(engine: Engine, owner: int) -> tuple[Mapping[str, str], ...]:
    """Return the labels of everything of one owner's environments: containers first, then networks and volumes.

    Nobody may remember some of these any more: a state went with its home, and a network or a volume stayed.
    """
    filters = {"label": [f"{names.MANAGED}=1", f"{names.OWNER}={owner}"]}
    with translated("looking at what is there"):
        held = [
            *engine.api.containers(all=True, filters=filters),
            *engine.api.networks(filters=filters),
            *(engine.api.volumes(filters=filters)["Volumes"] or ()),
        ]
    return tuple(one.get("Labels") or {} for one in held)


def image_sizes(engine: Engine) -> dict[str, int]:
    """Return the size in bytes of each image envkit made, by its id."""
    with translated("listing images"):
        listed = engine.api.images(filters={"label": [f"{names.MANAGED}=1"]})
    return {data["Id"]: int(data["Size"]) for data in listed}


def _container(data: Mapping[str, Any]) -> FoundContainer:
    return FoundContainer(
        id=data["Id"],
        status=data["State"]["Status"],
        labels=data["Config"].get("Labels") or {},
        image_id=data["Image"],
        networks=tuple((data.get("NetworkSettings") or {}).get("Networks") or {}),
        exit_code=data["State"].get("ExitCode", 0),
    )


def _network(data: Mapping[str, Any]) -> FoundNetwork:
    configs = (data.get("IPAM") or {}).get("Config") or []
    return FoundNetwork(data["Id"], data.get("Labels") or {}, configs[0].get("Subnet", "") if configs else "")


def _volume(data: Mapping[str, Any]) -> FoundVolume:
    labels = data.get("Labels") or {}
    # What the engine calls its creation moves whenever an entry of its top folder comes or goes.
    return FoundVolume(labels, labels.get(names.MADE) or data.get("CreatedAt", ""))


def _subnets(networks: Iterable[Mapping[str, Any]], *, but: str) -> set[str]:
    return {
        config["Subnet"]
        for data in networks
        if data["Name"] != but
        for config in (data.get("IPAM") or {}).get("Config") or ()
        if config.get("Subnet")
    }


def _inspect(doing: str, call: Callable[[], Any]) -> Mapping[str, Any] | None:
    with translated(doing):
        try:
            data: Mapping[str, Any] = call()
        except docker.errors.NotFound:
            return None
        return data
