"""Steps that would be done, in words, and why the container would be another one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import names
from envkit.model import step

if TYPE_CHECKING:
    from envkit.decide import Wanted
    from envkit.model.found import FoundContainer
    from envkit.model.step import Step, Steps

VERBS: dict[type[Step], str] = {
    step.CreateContainer: "create the container",
    step.StartContainer: "start the container",
    step.UnpauseContainer: "let go on the paused container",
    step.CreateNetwork: "create the network",
    step.RemoveNetwork: "remove the network",
    step.CreateVolume: "create the volume",
    step.RemoveVolume: "remove, with what is in it, the volume",
}
GOES_ON = "build the image on that, and start the container"


def sentences(steps: Steps, why: str = "") -> tuple[str, ...]:
    """Return steps in words, one sentence each.

    Args:
        steps: What would be done.
        why: In what the container that is there differs from what is wanted, or empty.
    """
    said = tuple(_sentence(one, f": {why}" if why else "") for one in steps)
    return (*said, GOES_ON) if any(isinstance(one, step.MakeBase) for one in steps) else said


def different(wanted: Wanted, found: FoundContainer) -> str:
    """Say in what a container differs from what is wanted, or nothing where its labels do not tell."""
    plan, digests = wanted.plan, wanted.digests
    ports = names.port_labels(plan.run)
    differences = (
        ("its image is another one", found.labels.get(names.IMAGE) != digests.image),
        ("its settings are others", found.labels.get(names.RUN) != digests.run),
        ("its port is another one", any(found.labels.get(key) != port for key, port in ports.items())),
        ("it is broken", found.status in {"dead", "removing"}),
    )
    return ", ".join(words for words, so in differences if so)


def _sentence(one: Step, why: str) -> str:
    match one:
        case step.RemoveContainer(name):
            return f"remove the container {name}{why}"
        case step.PrepareVolumes(volumes):
            return f"give the container's user the volume{'s' * (len(volumes) > 1)} {', '.join(volumes)}"
        case step.MakeBase(suite, ref):
            return f"assemble Debian {suite} as the image {ref}"
        case step.BuildImage(ref):
            return f"build the image {ref}"
        case step.ReplaceFiles():
            return "write the settings, the token and the keys that the container mounts"
        case _:
            return f"{VERBS[type(one)]} {one.name}"
