"""Run the guest's probe inside a container and collect what it saw, as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Observation

LIMIT_S = 150.0  # more than the probe allows itself
NODES_S = 20.0


def probe(engine: Engine, container: str, on_observation: Callable[[Observation], None]) -> tuple[Observation, ...]:
    """Run the probe; `on_observation` gets each observation at once, the result holds them all."""
    collector = guest_runner.Collector(on_observation)
    guest_runner.run(engine, container, "probe", collector, limit_s=LIMIT_S)
    return tuple(collector.observations)


def nodes(engine: Engine, container: str) -> tuple[Observation, ...]:
    """Look at the device nodes alone."""
    collector = guest_runner.Collector()
    guest_runner.run(engine, container, "nodes", collector, limit_s=NODES_S)
    return tuple(collector.observations)
