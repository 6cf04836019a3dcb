"""Compare desired and actual state, and return the steps from one to the other. Pure.

From every state the steps converge to "nothing to do", also after an interruption anywhere: each step has an effect
that the next inspection sees, or can be repeated.
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
    """A plan with its digests.

    Attributes:
        plan: The plan.
        digests: Its digests.
        ref: Reference of its image.
    """

    plan: Plan
    digests: Digests
    ref: str


def up(
    desired: DesiredState, actual: ActualState, state: State | None, *, files_current: bool, token_exists: bool = True
) -> Steps:
    """Plan the steps to a running environment; none if it is up to date.

    Args:
        desired: The desired state.
        actual: What the engine holds.
        state: Stored state, for the prepared volumes; or None.
        files_current: Whether the mounted files match the plan.
        token_exists: Whether the token and the host key exist; a container that runs without them uses others, or
            a deleted folder.

    Raises:
        PreconditionError: A resource with a name that envkit needs belongs to another user or project.
    """
    _check_ownership(desired.plan, actual)
    return tuple(_up_steps(desired, actual, state, files_current=files_current, token_exists=token_exists))


def image_only(desired: DesiredState, actual: ActualState) -> Steps:
    """Plan the steps to a built image."""
    return tuple(_image_steps(desired, actual))


def rebuild(desired: DesiredState, actual: ActualState, steps: Steps, *, recreate: bool) -> Steps:
    """Plan the steps to an image of current packages, built without the cache.

    Args:
        desired: The desired state.
        actual: What the engine holds.
        steps: The steps of an `up` or a build without refresh.
        recreate: Whether to recreate the container from the new image.
    """
    build = step.BuildImage(desired.ref, no_cache=True)
    if any(isinstance(action, step.BuildImage) for action in steps):
        return tuple(build if isinstance(action, step.BuildImage) else action for action in steps)
    # Once the container is removed, the next inspection plans its creation.
    return (build, step.RemoveContainer(desired.plan.run.name)) if recreate and actual.container else (build,)


def down(name: str, owner: int, project: str, actual: ActualState, *, volumes: bool) -> Steps:
    """Plan the steps that remove an environment; volumes only on request.

    Raises:
        PreconditionError: The container with its name belongs to another user or project.
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
            # A new project at the path of a moved one has the same owner and project.
            if naming.belongs_to(volume.labels, owner, project) and volume.labels.get(naming.NAME) == name
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
        network is not None and (network.subnet, network.mtu) == (plan.run.network.subnet, plan.run.network.mtu)
        if needs_bridge
        else network is None
    )
    keep = keep and (network_matches or not needs_bridge) and not actual.replaced_mounts
    if not keep:
        image_steps = tuple(_image_steps(desired, actual))
        yield from image_steps
        if any(isinstance(action, step.MakeBase) for action in image_steps):
            return  # the image's digest depends on the base's id: inspect again first
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
    # A recreated volume of the same name belongs to root again; its creation id differs from the old one.
    unprepared = [
        name for name in volume_names if name in missing or prepared.get(name) != volume_marker(plan, actual, name)
    ]
    if unprepared:
        yield step.PrepareVolumes(tuple(unprepared), image)


def volume_marker(plan: Plan, actual: ActualState, volume: str) -> str:
    """Return the stored marker of a prepared volume: its creation id, and the folders created in it."""
    return " ".join([actual.volumes[volume].creation_id, *required_folders(plan).get(volume, ())])


def required_folders(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the folders that other mounts need in each volume, outermost first.

    The engine would create them as root. It still creates the mount point of a bind mount itself, because only the
    engine knows whether a folder or a file is mounted there.
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
        _check_owner(f"container {resource_name}", actual.container.labels, plan.owner, plan.label_path)
    if actual.network is not None:
        _check_owner(f"network {resource_name}", actual.network.labels, plan.owner, plan.label_path)
    for name in _volume_names(plan):
        if name in actual.volumes:
            _check_owner(f"volume {name}", actual.volumes[name].labels, plan.owner, plan.label_path)


def _check_owner(resource: str, labels: Mapping[str, str], owner: int, project: str) -> None:
    if naming.belongs_to(labels, owner, project):
        return
    message = (
        f"the {resource} belongs to another project's environment"
        if labels.get(naming.MANAGED) == "1"
        else f"the {resource} was not created by envkit"
    )
    raise PreconditionError(
        f"{message}; envkit changes only resources of this project",
        code="resource-not-owned",
        hint="set another `name:` in envkit.yaml, or remove that resource yourself",
    )
