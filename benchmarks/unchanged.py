"""No-change `up`
The environment is running and nothing changed. envkit compares the fingerprint of its inputs, inspects the container
and requests the status of Jupyter; Compose and the Dev Containers CLI check a container of the same image in their own
way (the Dev Containers CLI starts a shell there instead of Jupyter). The bars are 0.7 of Docker Compose's time, with a
target of 0.5, and less than the Dev Containers CLI's. CPU time is that of the command without the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.clock import alternate
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

ROUNDS = 15
COMPOSE = "docker compose up -d --wait"
DEVCONTAINER = "devcontainer up"


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of an `up` with nothing to do."""
    project = scratch.project("unchanged")
    project.envkit("up", "--quiet")
    compose = peers.rendered_compose(scratch, scratch.project("unchanged-compose"))
    devcontainer = peers.devcontainer(scratch, scratch.build(project))
    usages = alternate(
        ROUNDS,
        {"envkit": lambda: project.envkit("up"), "compose": compose.up, "devcontainer": devcontainer.up},
    )
    wall = {tool: tuple(usage.wall_s for usage in samples) for tool, samples in usages.items()}
    cpu = {tool: tuple(usage.cpu_s for usage in samples) for tool, samples in usages.items()}
    label = "no-change up"
    yield Figure("unchanged/compose", label, wall["envkit"], wall["compose"], COMPOSE, bar=0.7, target=0.5)
    yield Figure("unchanged/devcontainer", label, wall["envkit"], wall["devcontainer"], DEVCONTAINER, bar=1.0)
    yield Figure("unchanged/compose-cpu", label, cpu["envkit"], cpu["compose"], COMPOSE, unit="CPU s")
    yield Figure("unchanged/devcontainer-cpu", label, cpu["envkit"], cpu["devcontainer"], DEVCONTAINER, unit="CPU s")
