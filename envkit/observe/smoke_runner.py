"""Run the smoke test in an image or in a running environment, and collect its observations."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.errors import ProgramNotFound, StartFailed
from envkit.guest import gpu_driver, image_packages
from envkit.model.report import Observation
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from envkit.backends.backend import Backend
    from envkit.model.backend import RunResult
    from envkit.model.run import Gpus

SIGNAL_BASE = 128  # plus the signal's number: the exit code of a program that a signal ended
PYTHONS = (guest_runner.PYTHON, "python3")
GRACE_S = 8.0  # for starting the container
ENTRYPOINT_S = 20.0


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
    user: str,
    entrypoint: Sequence[str],
    on_observation: Callable[[Observation], None],
) -> tuple[Observation, ...]:
    """Test an image as a workspace would run it, and return its observations; none if it has no Python.

    Args:
        backend: Backend to use.
        ref: Image.
        name: Name of the container.
        labels: Labels of the container.
        limit_s: Time limit for TensorFlow and training, in seconds.
        gpus: GPU request, or None.
        user: `UID:GID` that runs the test.
        entrypoint: Entrypoint of the image, which is tried after the test; empty to try none.
        on_observation: Callback for each observation.

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
                user=user,
            )
        except ProgramNotFound:
            continue
        if result.code is None:
            collector.observations.append(Observation("ended", {"by": "limit", "limit_s": total_s(limit_s)}))
        elif lines.last(collector.observations, "done") is None:
            collector.observations.append(_crash_observation(result))
        if entrypoint and len(collector.observations) > 1:
            argv = (python, "-c", "pass")
            data = _try_entrypoint(backend, ref, argv, name=name, labels=labels, user=user)
            collector.observations.append(Observation("image.entrypoint", {"entrypoint": list(entrypoint), **data}))
        return tuple(collector.observations)
    return ()


def _try_entrypoint(
    backend: Backend, ref: str, argv: Sequence[str], *, name: str, labels: Mapping[str, str], user: str
) -> Mapping[str, Any]:
    """Run a program through the image's entrypoint; an engine that cannot start it counts as its failure."""
    try:
        result = backend.run_once(
            ref,
            argv,
            "",
            lambda _: None,
            name=name,
            labels=labels,
            limit_s=ENTRYPOINT_S,
            user=user,
            through_entrypoint=True,
        )
    except StartFailed as error:
        return {"code": SIGNAL_BASE - 1, "output": f"{error.message}: {error.detail}"}
    return {"code": result.code, "output": result.errors}


def _crash_observation(result: RunResult) -> Observation:
    """Build the observation of a test that ended without `done`."""
    if result.code is not None and result.code > SIGNAL_BASE:
        name = (
            signal.Signals(result.code - SIGNAL_BASE).name if result.code - SIGNAL_BASE in set(signal.Signals) else ""
        )
        data = {"by": "signal", "signal": name, "out_of_memory": result.out_of_memory, "output": result.errors}
        return Observation("ended", data)
    return Observation("ended", {"by": "exit", "code": result.code, "output": result.errors})


def run_in_environment(
    backend: Backend, container: str, *, limit_s: float, on_observation: Callable[[Observation], None]
) -> tuple[Observation, ...]:
    """Test a running environment as its user."""
    collector = guest_runner.Collector(on_observation)
    guest_runner.run(backend, container, "smoke", collector, f"{limit_s:g}", limit_s=total_s(limit_s))
    return tuple(collector.observations)
