"""What envkit made on an engine and nobody uses any more: found first, then removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker.errors

from envkit import names
from envkit.engines import containers, images, leftovers
from envkit.engines.connect import patient
from envkit.engines.failure import translated
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from envkit.engines.connect import Engine

    Say = Callable[[Progress], None]

RUNS = {"running", "paused", "restarting"}


@dataclass(frozen=True, slots=True)
class Unused:
    """One thing that nobody uses.

    Attributes:
        kind: `container`, `network` or `image`.
        name: What it is called.
        id: The engine's id of it.
    """

    kind: str
    name: str
    id: str

    def __str__(self) -> str:
        """Return it in the engine's words."""
        return f"{self.kind} {self.name}"


def find(
    engine: Engine, owner: int, remembered: Collection[str], kept_bases: Collection[str], kept_images: Collection[str]
) -> tuple[Unused, ...]:
    """Return what nobody uses, in the order in which it can be removed; nothing is changed.

    Args:
        engine: Where.
        owner: Whose leftovers: what another user built serves that user's environments, down ones included.
        remembered: Container names of environments that exist, running or down.
        kept_bases: Ids of base images that environments stand on.
        kept_images: References of images that environments come back on, without a network if need be.
    """
    gone = tuple(_containers(engine, owner, remembered))
    going = {one.id for one in gone}
    networks = _networks(engine, owner, going)
    return (*gone, *networks, *_images(engine, owner, going, kept_bases, kept_images))


def remove(engine: Engine, found: Sequence[Unused], say: Say) -> tuple[list[str], int]:
    """Remove what was found unused; returns what went and how many bytes its images took.

    Raises:
        EngineError: The engine would not remove a container or a network; what went before is gone.
    """
    if not found:
        return [], 0
    say(Progress("prune", "measuring the space that images take"))
    before, removed = _disk(engine), []
    for number, one in enumerate(found, 1):
        say(Progress("prune", f"removing {one}", step=(number, len(found))))
        if _removed(engine, one):
            removed.append(str(one))
    say(Progress("prune", "measuring the space that is free now"))
    return removed, max(0, before - _disk(engine))


def weight(engine: Engine, found: Sequence[Unused]) -> int:
    """Return how many bytes it would free at most: what a builder keeps for itself does not show from here.

    A layer counts that no image stands on but those that go.
    """
    with translated("listing images"):
        listed = engine.api.images()
    named = {one.name for one in found if one.kind == "image"}
    goes = {data["Id"] for data in listed if named >= (_refs(data) or {data["Id"]})}
    if not goes:
        return 0
    layers = {data["Id"]: _layers(engine, data["Id"]) for data in listed}
    kept = {layer for one, of in layers.items() if one not in goes for layer in of}
    freed = {layer: size for one in goes for layer, size in layers[one].items() if layer not in kept}
    return sum(freed.values())


def _layers(engine: Engine, image: str) -> dict[object, int]:
    """Return an image's steps, each known by the lowest layer and all steps below it, with their sizes in bytes.

    An engine tells sizes of steps alone, and of a root file system that was imported nothing but when that was.
    """
    with translated("looking at the layers of images"):
        try:
            below: object = tuple(engine.api.inspect_image(image)["RootFS"].get("Layers") or ())[:1]  # type: ignore[no-untyped-call]
            history: list[dict[str, Any]] = engine.api.history(image)  # type: ignore[no-untyped-call]
        except docker.errors.NotFound:  # somebody else has just removed it
            return {}
    layers: dict[object, int] = {}
    for step in reversed(history):
        below = (below, step.get("Created"), step.get("CreatedBy"), step.get("Size"))
        layers[below] = int(step.get("Size") or 0)
    return layers


def _removed(engine: Engine, one: Unused) -> bool:
    if one.kind == "image":
        return images.remove(engine, one.name)
    if one.kind == "network":
        containers.remove_network(engine, one.name)
    else:
        containers.remove(engine, one.id)
    return True


def _containers(engine: Engine, owner: int, remembered: Collection[str]) -> Iterator[Unused]:
    for data in leftovers.listed(engine, owner):
        name = leftovers.name(data)
        at_rest = data["State"] not in RUNS and name not in remembered
        if leftovers.abandoned(data) if name.startswith(names.passing(owner)) else at_rest:
            yield Unused("container", name, data["Id"])


def _networks(engine: Engine, owner: int, going: Collection[str]) -> Iterator[Unused]:
    filters = {"label": [f"{names.MANAGED}=1", f"{names.OWNER}={owner}"]}
    with translated("listing networks"):
        listed = engine.api.networks(filters=filters)
    for data in listed:
        if _users(engine, data) <= set(going):
            yield Unused("network", data["Name"], data["Id"])


def _users(engine: Engine, network: dict[str, Any]) -> set[str]:
    """Return the ids of the containers on a network; the engine tells those that run apart from those that do not."""
    with translated("looking at a network"):
        attached = engine.api.inspect_network(network["Id"]).get("Containers")
        named = engine.api.containers(all=True, filters={"network": network["Name"]})
    return {*(attached or ()), *(one["Id"] for one in named)}


def _images(
    engine: Engine, builder: int, going: Collection[str], kept_bases: Collection[str], kept_images: Collection[str]
) -> Iterator[Unused]:
    with translated("listing images"):
        listed = engine.api.images(filters={"label": [f"{names.MANAGED}=1", f"{names.BUILDER}={builder}"]})
        used = {data["ImageID"] for data in engine.api.containers(all=True) if data["Id"] not in going}
    # Workspaces before bases: a base goes only when nothing stands on it any more.
    for data in sorted(listed, key=_is_base):
        refs = _own_refs(data)
        if data["Id"] in used or (_is_base(data) and data["Id"] in kept_bases) or not refs.isdisjoint(kept_images):
            continue
        yield from (Unused("image", ref, data["Id"]) for ref in sorted(refs))


def _is_base(image: dict[str, Any]) -> bool:
    labels = image.get("Labels") or {}
    return names.SUITE in labels and names.IMAGE not in labels


def _refs(image: dict[str, Any]) -> set[str]:
    return {ref for ref in image.get("RepoTags") or () if ref != "<none>:<none>"}


def _own_refs(image: dict[str, Any]) -> set[str]:
    """Return what envkit called an image: whatever somebody builds on one of ours has its labels too.

    Without a name it is a step of a build that failed, by its id; those have the labels of their base.
    """
    refs = _refs(image)
    if not refs:
        return {image["Id"]} if _is_base(image) else set()
    return {ref for ref in refs if ref.rsplit(":", 1)[0] in {names.REPOSITORY, names.BASE_REPOSITORY}}


def _disk(engine: Engine) -> int:
    with translated("measuring disk use"), patient(engine):  # it takes minutes where there are many images
        return int(engine.api.df().get("LayersSize") or 0)
