"""Run the smoke test in an image or in a running environment, and collect its observations."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.errors import ProgramNotFound
from envkit.guest import gpu_driver, image_packages
from envkit.model.report import Observation
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.backend import Backend
    from envkit.model.backend import RunResult
    from envkit.model.run import Gpus

SIGNAL_BASE = 128  # plus the signal's number: the exit code of a program that a signal ended
PYTHONS = (guest_runner.PYTHON, "python3")
GRACE_S = 8.0  # for starting the container


def total_s(limit_s: float) -> float:
    """Return the time limit of a whole test, given the limit for TensorFlow and training, in seconds."""
    return limit_s + min(limit_s, gpu_driver.LIMIT_S) + min(limit_s, image_packages.LIMIT_S) + GRACE_S


def run_in_image(
    backend: Backend,
    ref: str,
    *,
    name: str,
    labels: Mapping[str, str],
    limit_s: float,
    gpus: Gpus | None,
    on_observation: Callable[[Observation], None],
) -> tuple[Observation, ...]:
    """Test an image, and return its observations; none if it has no Python.

    Raises:
        StartFailed: The image cannot run.
    """
    text = guest_runner.build_program("smoke")
    for python in PYTHONS:
        collector = guest_runner.Collector(on_observation)
        try:
            result = backend.run_once(
                ref,
                (python, "-", f"{limit_s:g}"),
                text,
                collector,
                name=name,
                labels=labels,
                limit_s=total_s(limit_s),
                gpus=gpus,
            )
        except ProgramNotFound:
            continue
        if result.code is None:
            collector.observations.append(Observation("ended", {"by": "limit", "limit_s": total_s(limit_s)}))
        elif lines.last(collector.observations, "done") is None:
            collector.observations.append(_crash_observation(result))
        return tuple(collector.observations)
    return ()


def _crash_observation(result: RunResult) -> Observation:
    """Build the observation of a test that ended without `done`."""
    if result.code is not None and result.code > SIGNAL_BASE:
        name = (
            signal.Signals(result.code - SIGNAL_BASE).name if result.code - SIGNAL_BASE in set(signal.Signals) else ""
        )
        return Observation("ended", {"by": "signal", "signal": name, "out_of_memory": result.out_of_memory})
    return Observation("ended", {"by": "exit", "code": result.code})


def run_in_environment(
    backend: Backend, container: str, *, limit_s: float, on_observation: Callable[[Observation], None]
) -> tuple[Observation, ...]:
    """Test a running environment as its user."""
    collector = guest_runner.Collector(on_observation)
    guest_runner.run(backend, container, "smoke", collector, f"{limit_s:g}", limit_s=total_s(limit_s))
    return tuple(collector.observations)
