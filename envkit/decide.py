"""Wanted and found -> the steps that lead from one to the other, or a refusal. Pure.

From every state that can be found the steps lead to "nothing to do", and so does starting again after
they were cut off anywhere: each step leaves something `look` can see, or can be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import names
from envkit.errors import Refusal
from envkit.model import step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.model.found import Found, FoundContainer
    from envkit.model.plan import Digests, Plan
    from envkit.model.state import State
    from envkit.model.step import Step, Steps

BROKEN = {"dead", "removing"}
ALIVE = {"running", "restarting"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan with what it amounts to.

    Attributes:
        plan: What was decided.
        digests: What it amounts to.
        ref: Reference of the image of that digest.
    """

    plan: Plan
    digests: Digests
    ref: str


def up(
    wanted: Wanted, found: Found, state: State | None, *, files_current: bool, token_kept: bool = True
) -> Steps:
    """Return the steps to a running environment; none when it already is what is wanted.

    Args:
        wanted: The plan.
        found: What the engine holds.
        state: What is remembered, for volumes that were prepared.
        files_current: Whether the mounted files already are what the plan says.
        token_kept: Whether the token and the host key are there; a container that runs without them has
            others, or holds a folder that is gone.

    Raises:
        Refusal: Something under a name envkit needs belongs to somebody else.
    """
    _refuse_strangers(wanted.plan, found)
    return tuple(_up(wanted, found, state, files_current=files_current, token_kept=token_kept))


def image_only(wanted: Wanted, found: Found) -> Steps:
    """Return the steps to a built image."""
    return tuple(_image(wanted, found))


def anew(wanted: Wanted, found: Found, steps: Steps, *, to_run: bool) -> Steps:
    """Return the steps to an image of today's packages, where others would find nothing to do or take what is kept.

    Args:
        wanted: The plan.
        found: What the engine holds.
        steps: What there is to do otherwise.
        to_run: Whether the container is to be made of that image.
    """
    build = step.BuildImage(wanted.ref, anew=True)
    if any(isinstance(one, step.BuildImage) for one in steps):
        return tuple(build if isinstance(one, step.BuildImage) else one for one in steps)
    # Without its container the next look finds that it is to be made.
    return (build, step.RemoveContainer(wanted.plan.run.name)) if to_run and found.container else (build,)


def down(name: str, owner: int, project: str, found: Found, *, volumes: bool) -> Steps:
    """Return the steps that take an environment away, its volumes only when that was asked for.

    Raises:
        Refusal: The container under its name belongs to somebody else.
    """
    title = names.container(owner, name)
    steps: list[Step] = []
    if found.helper is not None and names.ours(found.helper.labels, owner, project):
        steps.append(step.RemoveContainer(names.helper(title)))
    if found.container is not None:
        _refuse_stranger(f"container {title}", found.container.labels, owner, project)
        steps.append(step.RemoveContainer(title))
    if found.network is not None and names.ours(found.network.labels, owner, project):
        steps.append(step.RemoveNetwork(title))
    if volumes:
        mine = [name for name, volume in found.volumes.items() if names.ours(volume.labels, owner, project)]
        steps += [step.RemoveVolume(name) for name in sorted(mine)]
    return tuple(steps)


def _up(
    wanted: Wanted, found: Found, state: State | None, *, files_current: bool, token_kept: bool
) -> Iterator[Step]:
    plan, container = wanted.plan, found.container
    keep = token_kept and container is not None and _same(wanted, container) and container.status not in BROKEN
    bridge, there = plan.run.network.mode == "bridge", found.network
    in_place = there is not None and there.subnet == plan.run.network.subnet if bridge else there is None
    keep = keep and (in_place or not bridge)
    if not keep:
        image = tuple(_image(wanted, found))
        yield from image
        if any(isinstance(one, step.MakeBase) for one in image):
            return  # the base's id decides the image's digest: look again before anything else
        if container is not None:
            yield step.RemoveContainer(plan.run.name)
    if found.network is not None and not in_place:
        yield step.RemoveNetwork(plan.run.name)
    if bridge and not in_place:
        yield step.CreateNetwork(plan.run.network.name, plan.run.network.subnet)
    at_hand = container.image_id if keep and container is not None else wanted.ref
    yield from _volumes(plan, found, state.prepared if state else {}, at_hand)
    if not files_current:
        yield step.ReplaceFiles()
    yield from _start(wanted, container if keep else None)


def _start(wanted: Wanted, container: FoundContainer | None) -> Iterator[Step]:
    name = wanted.plan.run.name
    if container is None:
        yield step.CreateContainer(name, wanted.ref)
        yield step.StartContainer(name)
    elif container.status == "paused":
        yield step.UnpauseContainer(name)
    elif container.status not in ALIVE:
        yield step.StartContainer(name)


def _image(wanted: Wanted, found: Found) -> Iterator[Step]:
    if found.image is not None:
        return
    if found.base is None:
        yield step.MakeBase(wanted.plan.image.suite.name, wanted.plan.image.base.ref)
    else:
        yield step.BuildImage(wanted.ref)


def _volumes(plan: Plan, found: Found, prepared: Mapping[str, str], image: str) -> Iterator[Step]:
    wanted = _own_volumes(plan)
    missing = [name for name in wanted if name not in found.volumes]
    yield from (step.CreateVolume(name) for name in missing)
    # A volume of the same name made anew is root's again; what it was given then tells it from the old one.
    new = [name for name in wanted if name in missing or prepared.get(name) != mark(plan, found, name)]
    if new:
        yield step.PrepareVolumes(tuple(new), image)


def mark(plan: Plan, found: Found, volume: str) -> str:
    """Return what to remember of a volume that was prepared: which one it was, and the folders made in it."""
    return " ".join([found.volumes[volume].created, *folders_in(plan).get(volume, ())])


def folders_in(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the folders that other mounts need in each volume, outermost first.

    The engine would make them on the way to its mount points, as root's. The last one, for a mount of the host's,
    is left to it: only the engine knows whether a folder or a file is mounted there.
    """
    found = {}
    for outer in (one for one in plan.run.mounts if one.kind == "volume"):
        needed: set[str] = set()
        for one in plan.run.mounts:
            parts = one.target.removeprefix(f"{outer.target}/").split("/")
            if one.target.startswith(f"{outer.target}/"):
                needed.update("/".join(parts[:depth]) for depth in range(1, len(parts) + (one.kind == "volume")))
        found[outer.source] = tuple(sorted(needed))
    return {volume: folders for volume, folders in found.items() if folders}


def _own_volumes(plan: Plan) -> list[str]:
    return sorted(mount.source for mount in plan.run.mounts if mount.kind == "volume")


def _same(wanted: Wanted, container: FoundContainer) -> bool:
    labels, digests = container.labels, wanted.digests
    ports = names.port_labels(wanted.plan.run)
    same_ports = all(labels.get(one, "") == ports.get(one, "") for one in (names.PORT, names.PORT_OF_SSH))
    found = (labels.get(names.IMAGE), labels.get(names.RUN))
    return same_ports and found == (digests.image, digests.run) and wanted.plan.run.network.name in container.networks


def _refuse_strangers(plan: Plan, found: Found) -> None:
    title = plan.run.name
    if found.container is not None:
        _refuse_stranger(f"container {title}", found.container.labels, plan.owner, plan.project)
    if found.network is not None:
        _refuse_stranger(f"network {title}", found.network.labels, plan.owner, plan.project)
    for name in _own_volumes(plan):
        if name in found.volumes:
            _refuse_stranger(f"volume {name}", found.volumes[name].labels, plan.owner, plan.project)


def _refuse_stranger(what: str, labels: Mapping[str, str], owner: int, project: str) -> None:
    if names.ours(labels, owner, project):
        return
    whose = "another project's environment" if labels.get(names.MANAGED) == "1" else "somebody else"
    raise Refusal(
        f"the {what} belongs to {whose}; envkit touches only what it made for this project",
        mend="set another `name:` in envkit.yaml, or remove that one yourself",
    )
