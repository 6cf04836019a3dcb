"""Run the smoke test in an image, or in an environment that runs, and collect what it saw."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.engines import trial
from envkit.guest import contents, driver
from envkit.model.report import Observation
from envkit.observe import guest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.engines.connect import Engine
    from envkit.model.run import Gpus

SIGNALLED = 128  # and the number of the signal: what an engine says of a program that one ended
PYTHONS = (guest.PYTHON, "python3")
GRACE_S = 8.0  # for the start of it all


def whole_s(limit_s: float) -> float:
    """Return how long a test may take in all, with this for TensorFlow and the training."""
    return limit_s + min(limit_s, driver.LIMIT_S) + min(limit_s, contents.LIMIT_S) + GRACE_S


def image(
    engine: Engine, ref: str, *, name: str, labels: Mapping[str, str], limit_s: float, gpus: Gpus | None,
    seen: Callable[[Observation], None],
) -> tuple[Observation, ...]:
    """Try an image; the result is empty where it has no Python to try it with.

    Raises:
        StartFailed: It cannot run.
    """
    text = guest.program("smoke")
    for python in PYTHONS:
        found = guest.Collected(seen)
        try:
            ended = trial.run(
                engine, ref, (python, "-", f"{limit_s:g}"), text, found, name=name, labels=labels,
                limit_s=whole_s(limit_s), gpus=gpus,
            )
        except trial.NoProgram:
            continue
        if ended.code is None:
            found.all.append(Observation("ended", {"by": "limit", "limit_s": whole_s(limit_s)}))
        elif lines.last(found.all, "done") is None:
            found.all.append(_cut_off(ended))
        return tuple(found.all)
    return ()


def _cut_off(ended: trial.Ended) -> Observation:
    """Tell of a test that did not come to its last word."""
    if ended.code is not None and ended.code > SIGNALLED:
        name = signal.Signals(ended.code - SIGNALLED).name if ended.code - SIGNALLED in set(signal.Signals) else ""
        return Observation("ended", {"by": "signal", "signal": name, "out_of_memory": ended.out_of_memory})
    return Observation("ended", {"by": "exit", "code": ended.code})


def environment(
    engine: Engine, container: str, *, limit_s: float, seen: Callable[[Observation], None]
) -> tuple[Observation, ...]:
    """Try a running environment, as its user would."""
    found = guest.Collected(seen)
    guest.run(engine, container, "smoke", found, f"{limit_s:g}", limit_s=whole_s(limit_s))
    return tuple(found.all)
