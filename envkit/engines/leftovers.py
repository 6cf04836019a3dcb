"""What envkit made on an engine and nobody uses any more."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.engines import containers, images
from envkit.engines.connect import patient
from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

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
    removed = list(_containers(engine, mine, owner, remembered))
    removed += _networks(engine, mine)
    removed += _images(engine, owner, kept_bases, kept_images)
    return removed, max(0, before - _disk(engine)) if removed else 0


def waiting(limit_s: float) -> dict[str, str]:
    """Return the labels of a container that this process waits for, for so long at most."""
    return {names.WAITS: f"{os.getpid()}@{_processes()}", names.UNTIL: f"{time.time() + limit_s:.0f}"}


def sweep(engine: Engine, owner: int) -> list[str]:
    """Remove containers of one run that a killed envkit of that user left; returns what went."""
    mine = {"label": [MANAGED, f"{names.OWNER}={owner}"]}
    return [
        _removed(engine, data, grace_s=0) for data in _listed(engine, mine)
        if _name(data).startswith(names.passing(owner)) and _abandoned(data.get("Labels") or {})
    ]


def remove_named(engine: Engine, owner: int, beginning: str) -> list[str]:
    """Remove containers of a user whose names begin like this; returns what went."""
    mine = {"label": [MANAGED, f"{names.OWNER}={owner}"]}
    return [_removed(engine, data, grace_s=0) for data in _listed(engine, mine) if _name(data).startswith(beginning)]


def _abandoned(labels: Mapping[str, str]) -> bool:
    """Say whether nobody waits for a container any more, as far as that shows from here."""
    until, (pid, _, processes) = labels.get(names.UNTIL, ""), labels.get(names.WAITS, "").partition("@")
    if not until.isdecimal():
        return False
    if int(until) < time.time():
        return True
    # Of another container's processes nothing shows from here: then the time alone decides.
    return processes == _processes() != "" and pid.isdecimal() and not Path("/proc", pid).exists()


def _processes() -> str:
    """Return what tells this set of processes, in which numbers mean something, from containers' and machines'."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{Path('/proc/self/ns/pid').readlink()}{boot}"
    except OSError:
        return ""


def _containers(
    engine: Engine, mine: dict[str, list[str]], owner: int, remembered: Collection[str]
) -> Iterator[str]:
    for data in _listed(engine, mine):
        at_rest = data["State"] not in {"running", "paused", "restarting"} and _name(data) not in remembered
        passing = _name(data).startswith(names.passing(owner))
        if _abandoned(data.get("Labels") or {}) if passing else at_rest:
            yield _removed(engine, data)


def _listed(engine: Engine, mine: dict[str, list[str]]) -> list[dict[str, Any]]:
    with translated("listing containers"):
        listed: list[dict[str, Any]] = engine.api.containers(all=True, filters=mine)
    return listed


def _name(data: Mapping[str, Any]) -> str:
    return str(data["Names"][0]).lstrip("/") if data.get("Names") else str(data["Id"])


def _removed(engine: Engine, data: Mapping[str, Any], *, grace_s: int = 10) -> str:
    containers.remove(engine, data["Id"], grace_s)
    return f"container {_name(data)}"


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
