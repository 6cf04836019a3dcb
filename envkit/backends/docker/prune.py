"""Find and remove unused containers, networks and images that envkit created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.errors

from envkit import naming
from envkit.backends.docker import containers, images, temporary
from envkit.backends.docker.client import long_timeout
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.model.backend import UnusedResource
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from envkit.backends.docker.client import Engine

    ProgressCallback = Callable[[Progress], None]

ACTIVE_STATES = {"running", "paused", "restarting"}


def find(
    engine: Engine,
    owner: int,
    environment_names: Collection[str],
    kept_bases: Collection[str],
    kept_images: Collection[str],
) -> tuple[UnusedResource, ...]:
    """Find unused resources of a user, in the order in which they can be removed; nothing is changed.

    Args:
        engine: Engine to search.
        owner: User id; images that another user built may serve that user's environments.
        environment_names: Container names of existing environments, running or down.
        kept_bases: Ids of base images that environments use.
        kept_images: References of images that environments need to start again, also without a network.
    """
    unused_containers = tuple(_containers(engine, owner, environment_names))
    container_ids = {container.id for container in unused_containers}
    networks = _networks(engine, owner, container_ids)
    return (*unused_containers, *networks, *_images(engine, owner, container_ids, kept_bases, kept_images))


def remove(engine: Engine, resources: Sequence[UnusedResource], on_progress: ProgressCallback) -> tuple[list[str], int]:
    """Remove unused resources; return what was removed and how many bytes that freed.

    Raises:
        EngineError: The engine refused to remove a container or a network; earlier removals stay.
    """
    if not resources:
        return [], 0
    on_progress(Progress("prune", "measuring disk usage"))
    bytes_before, removed = _disk_usage(engine), []
    for number, resource in enumerate(resources, 1):
        on_progress(Progress("prune", f"removing {resource}", step=(number, len(resources))))
        if _remove_resource(engine, resource):
            removed.append(str(resource))
    on_progress(Progress("prune", "measuring the freed disk space"))
    return removed, max(0, bytes_before - _disk_usage(engine))


def reclaimable_bytes(engine: Engine, resources: Sequence[UnusedResource]) -> int:
    """Return how many bytes a removal would free at most; the build cache may keep some of them.

    A layer counts if no remaining image uses it.
    """
    with translate_errors("listing images"):
        summaries = engine.api.images()
    image_refs = {resource.name for resource in resources if resource.kind == "image"}
    image_ids = {summary["Id"] for summary in summaries if image_refs >= (_refs(summary) or {summary["Id"]})}
    if not image_ids:
        return 0
    layers = {summary["Id"]: _layers(engine, summary["Id"]) for summary in summaries}
    kept_layers = {
        layer for image_id, image_layers in layers.items() if image_id not in image_ids for layer in image_layers
    }
    freed_layers = {
        layer: size for image_id in image_ids for layer, size in layers[image_id].items() if layer not in kept_layers
    }
    return sum(freed_layers.values())


def _layers(engine: Engine, image: str) -> dict[object, int]:
    """Return the build steps of an image with their sizes in bytes, keyed by lowest layer and all steps below.

    The engine reports sizes per step, not per layer. Of an imported root file system it reports only the time, so the
    lowest layer is part of the key.
    """
    with translate_errors("inspecting the layers of images"):
        try:
            chain_id: object = tuple(engine.api.inspect_image(image)["RootFS"].get("Layers") or ())[:1]  # type: ignore[no-untyped-call]
            history: list[dict[str, Any]] = engine.api.history(image)  # type: ignore[no-untyped-call]
        except docker.errors.NotFound:  # another process has just removed it
            return {}
    layers: dict[object, int] = {}
    for step in reversed(history):
        chain_id = (chain_id, step.get("Created"), step.get("CreatedBy"), step.get("Size"))
        layers[chain_id] = int(step.get("Size") or 0)
    return layers


def _remove_resource(engine: Engine, resource: UnusedResource) -> bool:
    if resource.kind == "image":
        return images.remove(engine, resource.name)
    if resource.kind == "network":
        containers.remove_network(engine, resource.name)
    else:
        containers.remove(engine, resource.id)
    return True


def _containers(engine: Engine, owner: int, environment_names: Collection[str]) -> Iterator[UnusedResource]:
    for container in temporary.list_containers(engine, owner):
        name = temporary.container_name(container)
        is_unused = container["State"] not in ACTIVE_STATES and name not in environment_names
        if temporary.is_abandoned(container) if name.startswith(naming.temporary_prefixes(owner)) else is_unused:
            yield UnusedResource("container", name, container["Id"])


def _networks(engine: Engine, owner: int, container_ids: Collection[str]) -> Iterator[UnusedResource]:
    filters = {"label": [f"{naming.MANAGED}=1", f"{naming.OWNER}={owner}"]}
    with translate_errors("listing networks"):
        summaries = engine.api.networks(filters=filters)
    for network in summaries:
        if _attached_ids(engine, network) <= set(container_ids):
            yield UnusedResource("network", network["Name"], network["Id"])


def _attached_ids(engine: Engine, network: dict[str, Any]) -> set[str]:
    """Return the ids of the containers on a network; the engine lists running and stopped ones separately."""
    with translate_errors("inspecting a network"):
        running = engine.api.inspect_network(network["Id"]).get("Containers")
        summaries = engine.api.containers(all=True, filters={"network": network["Name"]})
    return {*(running or ()), *(container["Id"] for container in summaries)}


def _images(
    engine: Engine,
    builder: int,
    container_ids: Collection[str],
    kept_bases: Collection[str],
    kept_images: Collection[str],
) -> Iterator[UnusedResource]:
    with translate_errors("listing images"):
        summaries = engine.api.images(filters={"label": [f"{naming.MANAGED}=1", f"{naming.BUILDER}={builder}"]})
        used_ids = {
            container["ImageID"]
            for container in engine.api.containers(all=True)
            if container["Id"] not in container_ids
        }
    # Workspace images before base images, which can be removed only when no image uses them.
    for image in sorted(summaries, key=_is_base):
        refs = _own_refs(image)
        if (
            image["Id"] in used_ids
            or (_is_base(image) and image["Id"] in kept_bases)
            or not refs.isdisjoint(kept_images)
        ):
            continue
        yield from (UnusedResource("image", ref, image["Id"]) for ref in sorted(refs))


def _is_base(image: dict[str, Any]) -> bool:
    labels = image.get("Labels") or {}
    return naming.SUITE in labels and naming.IMAGE not in labels


def _refs(image: dict[str, Any]) -> set[str]:
    return {ref for ref in image.get("RepoTags") or () if ref != "<none>:<none>"}


def _own_refs(image: dict[str, Any]) -> set[str]:
    """Return the references that envkit gave an image; images built on envkit's images inherit their labels.

    An unnamed image of a failed build is returned by its id; it has the labels of its base image.
    """
    refs = _refs(image)
    if not refs:
        return {image["Id"]} if _is_base(image) else set()
    return {ref for ref in refs if ref.rsplit(":", 1)[0] in {naming.REPOSITORY, naming.BASE_REPOSITORY}}


def _disk_usage(engine: Engine) -> int:
    with translate_errors("measuring disk usage"), long_timeout(engine):  # takes minutes with many images
        return int(engine.api.df().get("LayersSize") or 0)
