"""Run the probe inside a container, and collect its observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend
    from envkit.model.report import Observation

LIMIT_S = 150.0  # longer than the probe's own limit
NODES_S = 20.0


def probe(backend: Backend, container: str, on_observation: Callable[[Observation], None]) -> tuple[Observation, ...]:
    """Run the probe, pass each observation to `on_observation`, and return all of them."""
    collector = guest_runner.Collector(on_observation)
    guest_runner.run(backend, container, "probe", collector, limit_s=LIMIT_S)
    return tuple(collector.observations)


def nodes(backend: Backend, container: str) -> tuple[Observation, ...]:
    """Inspect only the device nodes."""
    collector = guest_runner.Collector()
    guest_runner.run(backend, container, "nodes", collector, limit_s=NODES_S)
    return tuple(collector.observations)
