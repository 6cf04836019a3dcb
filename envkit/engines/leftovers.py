"""What envkit made on an engine and nobody uses any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.engines import containers, images
from envkit.engines.connect import patient
from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envkit.engines.connect import Engine

MANAGED = f"{names.MANAGED}=1"


def remove(
    engine: Engine, owner: int, remembered: Collection[str], kept_bases: Collection[str], kept_images: Collection[str]
) -> tuple[list[str], int]:
    """Remove leftovers; returns what went and how many bytes its images took.

    Args:
        engine: Where.
        owner: Whose leftovers: what another user built serves that user's environments, down ones included.
        remembered: Container names of environments that exist, running or down.
        kept_bases: Ids of base images that environments stand on.
        kept_images: References of images that environments come back on, without a network if need be.
    """
    before = _disk(engine)
    mine = {"label": [MANAGED, f"{names.OWNER}={owner}"]}
    removed = list(_containers(engine, mine, remembered))
    removed += _networks(engine, mine)
    removed += _images(engine, owner, kept_bases, kept_images)
    return removed, max(0, before - _disk(engine)) if removed else 0


def _containers(engine: Engine, mine: dict[str, list[str]], remembered: Collection[str]) -> Iterator[str]:
    with translated("listing containers"):
        listed = engine.api.containers(all=True, filters=mine)
    for data in listed:
        name = data["Names"][0].lstrip("/") if data.get("Names") else data["Id"]
        if data["State"] not in {"running", "paused", "restarting"} and name not in remembered:
            containers.remove(engine, data["Id"])
            yield f"container {name}"


def _networks(engine: Engine, mine: dict[str, list[str]]) -> Iterator[str]:
    with translated("listing networks"):
        listed = engine.api.networks(filters=mine)
    for data in listed:
        with translated("looking at a network"):
            attached = engine.api.inspect_network(data["Id"]).get("Containers")
        if not attached and not _stopped_users(engine, data["Name"]):
            containers.remove_network(engine, data["Name"])
            yield f"network {data['Name']}"


def _stopped_users(engine: Engine, network: str) -> list[Any]:
    with translated("listing containers"):
        found: list[Any] = engine.api.containers(all=True, filters={"network": network})
    return found


def _images(
    engine: Engine, builder: int, kept_bases: Collection[str], kept_images: Collection[str]
) -> Iterator[str]:
    with translated("listing images"):
        listed = engine.api.images(filters={"label": [MANAGED, f"{names.BUILDER}={builder}"]})
        used = {data["ImageID"] for data in engine.api.containers(all=True)}
    # Workspaces before bases: a base goes only when nothing stands on it any more.
    for data in sorted(listed, key=_is_base):
        refs = _own_refs(data)
        if data["Id"] in used or (_is_base(data) and data["Id"] in kept_bases) or not refs.isdisjoint(kept_images):
            continue
        for ref in sorted(refs):
            if images.remove(engine, ref):
                yield f"image {ref}"


def _is_base(image: dict[str, Any]) -> bool:
    labels = image.get("Labels") or {}
    return names.SUITE in labels and names.IMAGE not in labels


def _own_refs(image: dict[str, Any]) -> set[str]:
    """Return what envkit called an image: whatever somebody builds on one of ours has its labels too.

    Without a name it is a step of a build that failed, by its id; those have the labels of their base.
    """
    refs = {ref for ref in image.get("RepoTags") or () if ref != "<none>:<none>"}
    if not refs:
        return {image["Id"]} if _is_base(image) else set()
    return {ref for ref in refs if ref.rsplit(":", 1)[0] in {names.REPOSITORY, names.BASE_REPOSITORY}}


def _disk(engine: Engine) -> int:
    with translated("measuring disk use"), patient(engine):  # it takes minutes where there are many images
        return int(engine.api.df().get("LayersSize") or 0)
