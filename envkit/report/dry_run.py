"""Descriptions of planned steps, and of why a container would be recreated. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.engine_state import ContainerInfo
    from envkit.model.step import Step, Steps
    from envkit.reconcile import DesiredState

DESCRIPTIONS: dict[type[Step], str] = {
    step.CreateContainer: "create the container",
    step.StartContainer: "start the container",
    step.UnpauseContainer: "unpause the container",
    step.CreateNetwork: "create the network",
    step.RemoveNetwork: "remove the network",
    step.CreateVolume: "create the volume",
    step.RemoveVolume: "remove the volume and its data:",
}
FOLLOW_UP = "build the image on this base and start the container"


def describe_steps(steps: Steps, reason: str = "") -> tuple[str, ...]:
    """Describe each step in one sentence.

    Args:
        steps: Planned steps.
        reason: Differences between the existing and the desired container, or empty.
    """
    sentences = tuple(_describe_step(action, f": {reason}" if reason else "") for action in steps)
    return (*sentences, FOLLOW_UP) if any(isinstance(action, step.MakeBase) for action in steps) else sentences


def describe_differences(desired: DesiredState, container: ContainerInfo, replaced_mounts: Sequence[str] = ()) -> str:
    """Describe the differences between a container and the desired state, or return an empty string.

    Args:
        desired: The desired state.
        container: The container.
        replaced_mounts: Mount targets where the caller sees another file or folder.
    """
    plan, digests = desired.plan, desired.digests
    ports = naming.port_labels(plan.run)
    differences = (
        ("the image differs", container.labels.get(naming.IMAGE) != digests.image),
        ("the settings differ", container.labels.get(naming.RUN) != digests.run),
        ("the port differs", any(container.labels.get(key) != port for key, port in ports.items())),
        ("the container is broken", container.status in {"dead", "removing"}),
        (f"another file or folder is now at the source of {', '.join(replaced_mounts)}", bool(replaced_mounts)),
    )
    return ", ".join(description for description, differs in differences if differs)


def _describe_step(action: Step, reason: str) -> str:
    match action:
        case step.RemoveContainer(name):
            return f"remove the container {name}{reason}"
        case step.PrepareVolumes(volumes):
            return f"make the container's user the owner of the volume{'s' * (len(volumes) > 1)} {', '.join(volumes)}"
        case step.MakeBase(suite, ref):
            return f"assemble Debian {suite} as the image {ref}"
        case step.BuildImage(ref):
            return f"build the image {ref}"
        case step.ReplaceFiles():
            return "write the settings, the token and the keys that the container mounts"
        case _:
            return f"{DESCRIPTIONS[type(action)]} {action.name}"
