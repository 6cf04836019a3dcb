"""Wanted and found -> the steps that lead from one to the other, or a refusal. Pure.

From every state that can be found the steps lead to "nothing to do", and so does starting again after
they were cut off anywhere: each step leaves something `look` can see, or can be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import PreconditionError
from envkit.model import step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.model.engine_state import ActualState, ContainerInfo
    from envkit.model.plan import Digests, Plan
    from envkit.model.state import State
    from envkit.model.step import Step, Steps

BROKEN = {"dead", "removing"}
ALIVE = {"running", "restarting"}


@dataclass(frozen=True, slots=True)
class DesiredState:
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
    desired: DesiredState, actual: ActualState, state: State | None, *, files_current: bool, token_exists: bool = True
) -> Steps:
    """Return the steps to a running environment; none when it already is what is wanted.

    Args:
        desired: The plan.
        actual: What the engine holds.
        state: What is remembered, for volumes that were prepared.
        files_current: Whether the mounted files already are what the plan says.
        token_exists: Whether the token and the host key are there; a container that runs without them has
            others, or holds a folder that is gone.

    Raises:
        Refusal: Something under a name envkit needs belongs to somebody else.
    """
    _check_ownership(desired.plan, actual)
    return tuple(_up_steps(desired, actual, state, files_current=files_current, token_exists=token_exists))


def image_only(desired: DesiredState, actual: ActualState) -> Steps:
    """Return the steps to a built image."""
    return tuple(_image_steps(desired, actual))


def rebuild(desired: DesiredState, actual: ActualState, steps: Steps, *, recreate: bool) -> Steps:
    """Return the steps to an image of today's packages, where others would find nothing to do or take what is kept.

    Args:
        desired: The plan.
        actual: What the engine holds.
        steps: What there is to do otherwise.
        recreate: Whether the container is to be made of that image.
    """
    build = step.BuildImage(desired.ref, no_cache=True)
    if any(isinstance(action, step.BuildImage) for action in steps):
        return tuple(build if isinstance(action, step.BuildImage) else action for action in steps)
    # Without its container the next look finds that it is to be made.
    return (build, step.RemoveContainer(desired.plan.run.name)) if recreate and actual.container else (build,)


def down(name: str, owner: int, project: str, actual: ActualState, *, volumes: bool) -> Steps:
    """Return the steps that take an environment away, its volumes only when that was asked for.

    Raises:
        Refusal: The container under its name belongs to somebody else.
    """
    container_name = naming.container(owner, name)
    steps: list[Step] = []
    if actual.helper is not None and naming.belongs_to(actual.helper.labels, owner, project):
        steps.append(step.RemoveContainer(naming.helper(container_name)))
    if actual.container is not None:
        _check_owner(f"container {container_name}", actual.container.labels, owner, project)
        steps.append(step.RemoveContainer(container_name))
    if actual.network is not None and naming.belongs_to(actual.network.labels, owner, project):
        steps.append(step.RemoveNetwork(container_name))
    if volumes:
        owned_volumes = [
            volume_name
            for volume_name, volume in actual.volumes.items()
            if naming.belongs_to(volume.labels, owner, project)
        ]
        steps += [step.RemoveVolume(volume_name) for volume_name in sorted(owned_volumes)]
    return tuple(steps)


def _up_steps(
    desired: DesiredState, actual: ActualState, state: State | None, *, files_current: bool, token_exists: bool
) -> Iterator[Step]:
    plan, container = desired.plan, actual.container
    keep = token_exists and container is not None and _is_current(desired, container) and container.status not in BROKEN
    needs_bridge, network = plan.run.network.mode == "bridge", actual.network
    network_matches = (
        network is not None and network.subnet == plan.run.network.subnet if needs_bridge else network is None
    )
    keep = keep and (network_matches or not needs_bridge)
    if not keep:
        image_steps = tuple(_image_steps(desired, actual))
        yield from image_steps
        if any(isinstance(action, step.MakeBase) for action in image_steps):
            return  # the base's id decides the image's digest: look again before anything else
        if container is not None:
            yield step.RemoveContainer(plan.run.name)
    if actual.network is not None and not network_matches:
        yield step.RemoveNetwork(plan.run.name)
    if needs_bridge and not network_matches:
        yield step.CreateNetwork(plan.run.network.name, plan.run.network.subnet)
    image_ref = container.image_id if keep and container is not None else desired.ref
    yield from _volume_steps(plan, actual, state.prepared if state else {}, image_ref)
    if not files_current:
        yield step.ReplaceFiles()
    yield from _start_steps(desired, container if keep else None)


def _start_steps(desired: DesiredState, container: ContainerInfo | None) -> Iterator[Step]:
    name = desired.plan.run.name
    if container is None:
        yield step.CreateContainer(name, desired.ref)
        yield step.StartContainer(name)
    elif container.status == "paused":
        yield step.UnpauseContainer(name)
    elif container.status not in ALIVE:
        yield step.StartContainer(name)


def _image_steps(desired: DesiredState, actual: ActualState) -> Iterator[Step]:
    if actual.image is not None:
        return
    if actual.base is None:
        yield step.MakeBase(desired.plan.image.suite.name, desired.plan.image.base.ref)
    else:
        yield step.BuildImage(desired.ref)


def _volume_steps(plan: Plan, actual: ActualState, prepared: Mapping[str, str], image: str) -> Iterator[Step]:
    volume_names = _volume_names(plan)
    missing = [name for name in volume_names if name not in actual.volumes]
    yield from (step.CreateVolume(name) for name in missing)
    # A volume of the same name made anew is root's again; what it was given then tells it from the old one.
    unprepared = [
        name for name in volume_names if name in missing or prepared.get(name) != volume_marker(plan, actual, name)
    ]
    if unprepared:
        yield step.PrepareVolumes(tuple(unprepared), image)


def volume_marker(plan: Plan, actual: ActualState, volume: str) -> str:
    """Return what to remember of a volume that was prepared: which one it was, and the folders made in it."""
    return " ".join([actual.volumes[volume].creation_id, *required_folders(plan).get(volume, ())])


def required_folders(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the folders that other mounts need in each volume, outermost first.

    The engine would make them on the way to its mount points, as root's. The last one, for a mount of the host's,
    is left to it: only the engine knows whether a folder or a file is mounted there.
    """
    folders_by_volume = {}
    for volume_mount in (mount for mount in plan.run.mounts if mount.kind == "volume"):
        needed: set[str] = set()
        for mount in plan.run.mounts:
            parts = mount.target.removeprefix(f"{volume_mount.target}/").split("/")
            if mount.target.startswith(f"{volume_mount.target}/"):
                needed.update("/".join(parts[:depth]) for depth in range(1, len(parts) + (mount.kind == "volume")))
        folders_by_volume[volume_mount.source] = tuple(sorted(needed))
    return {volume: folders for volume, folders in folders_by_volume.items() if folders}


def _volume_names(plan: Plan) -> list[str]:
    return sorted(mount.source for mount in plan.run.mounts if mount.kind == "volume")


def _is_current(desired: DesiredState, container: ContainerInfo) -> bool:
    labels, digests = container.labels, desired.digests
    ports = naming.port_labels(desired.plan.run)
    ports_match = all(labels.get(label, "") == ports.get(label, "") for label in (naming.PORT, naming.SSH_PORT_LABEL))
    actual_digests = (labels.get(naming.IMAGE), labels.get(naming.RUN))
    return (
        ports_match
        and actual_digests == (digests.image, digests.run)
        and desired.plan.run.network.name in container.networks
    )


def _check_ownership(plan: Plan, actual: ActualState) -> None:
    resource_name = plan.run.name
    if actual.container is not None:
        _check_owner(f"container {resource_name}", actual.container.labels, plan.owner, plan.project)
    if actual.network is not None:
        _check_owner(f"network {resource_name}", actual.network.labels, plan.owner, plan.project)
    for name in _volume_names(plan):
        if name in actual.volumes:
            _check_owner(f"volume {name}", actual.volumes[name].labels, plan.owner, plan.project)


def _check_owner(resource: str, labels: Mapping[str, str], owner: int, project: str) -> None:
    if naming.belongs_to(labels, owner, project):
        return
    other_owner = "another project's environment" if labels.get(naming.MANAGED) == "1" else "somebody else"
    raise PreconditionError(
        f"the {resource} belongs to {other_owner}; envkit touches only what it made for this project",
        hint="set another `name:` in envkit.yaml, or remove that one yourself",
    )
