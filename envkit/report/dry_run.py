"""Steps that would be done, in words, and why the container would be another one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model import step

if TYPE_CHECKING:
    from envkit.model.engine_state import ContainerInfo
    from envkit.model.step import Step, Steps
    from envkit.reconcile import DesiredState

VERBS: dict[type[Step], str] = {
    step.CreateContainer: "create the container",
    step.StartContainer: "start the container",
    step.UnpauseContainer: "let go on the paused container",
    step.CreateNetwork: "create the network",
    step.RemoveNetwork: "remove the network",
    step.CreateVolume: "create the volume",
    step.RemoveVolume: "remove, with what is in it, the volume",
}
FOLLOW_UP = "build the image on that, and start the container"


def describe_steps(steps: Steps, reason: str = "") -> tuple[str, ...]:
    """Return steps in words, one sentence each.

    Args:
        steps: What would be done.
        reason: In what the container that is there differs from what is wanted, or empty.
    """
    sentences = tuple(_describe_step(action, f": {reason}" if reason else "") for action in steps)
    return (*sentences, FOLLOW_UP) if any(isinstance(action, step.MakeBase) for action in steps) else sentences


def describe_differences(desired: DesiredState, container: ContainerInfo) -> str:
    """Say in what a container differs from what is wanted, or nothing where its labels do not tell."""
    plan, digests = desired.plan, desired.digests
    ports = naming.port_labels(plan.run)
    differences = (
        ("its image is another one", container.labels.get(naming.IMAGE) != digests.image),
        ("its settings are others", container.labels.get(naming.RUN) != digests.run),
        ("its port is another one", any(container.labels.get(key) != port for key, port in ports.items())),
        ("it is broken", container.status in {"dead", "removing"}),
    )
    return ", ".join(description for description, differs in differences if differs)


def _describe_step(action: Step, reason: str) -> str:
    match action:
        case step.RemoveContainer(name):
            return f"remove the container {name}{reason}"
        case step.PrepareVolumes(volumes):
            return f"give the container's user the volume{'s' * (len(volumes) > 1)} {', '.join(volumes)}"
        case step.MakeBase(suite, ref):
            return f"assemble Debian {suite} as the image {ref}"
        case step.BuildImage(ref):
            return f"build the image {ref}"
        case step.ReplaceFiles():
            return "write the settings, the token and the keys that the container mounts"
        case _:
            return f"{VERBS[type(action)]} {action.name}"
