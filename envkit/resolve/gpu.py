"""Which GPUs a container gets, and by which of the engine's roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.model.run import Gpus

if TYPE_CHECKING:
    from envkit.config.fields import Gpu
    from envkit.model.facts import Facts

# A CDI device outlives `systemctl daemon-reload`; the other two lose a running container's GPU at one.
PREFERRED = ("cdi", "hook", "runtime")


def required(asked: Gpu) -> bool:
    """Say whether a config insists on a GPU: a run without one is a failure then."""
    return asked not in {"auto", "off"}


def gpus(asked: Gpu, facts: Facts) -> Gpus | None:
    """Return the GPUs of a config, or None for a workspace that computes on the CPU.

    Where GPUs are asked for and nothing is known of the engine, `--gpus` of Docker's own is planned: `up` looks
    before it does anything, and `render` shows what the field knows best.
    """
    if asked == "off" or (asked == "auto" and not offered(facts)):
        return None
    roads = facts.gpu_roads or ("hook",)
    road = next(road for road in PREFERRED if road in roads)
    if isinstance(asked, tuple):
        return Gpus(road, tuple(str(number) for number in asked))
    return Gpus(road, tuple(str(number) for number in range(asked)) if isinstance(asked, int) else ("all",))


def offered(facts: Facts) -> bool:
    """Say whether host and engine together offer a GPU, today or when this environment was made."""
    return bool(facts.gpu.driver and facts.gpu_roads) if facts.gpu_offered is None else facts.gpu_offered
