"""Which GPUs a container gets, and by which of the engine's roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.model.run import Gpus

if TYPE_CHECKING:
    from envkit.config.fields import Gpu
    from envkit.model.facts import Facts

# A CDI device outlives `systemctl daemon-reload`; the other two lose a running container's GPU at one.
METHOD_PREFERENCE = ("cdi", "hook", "runtime")


def requires_gpu(requested: Gpu) -> bool:
    """Say whether a config insists on a GPU: a run without one is a failure then."""
    return requested not in {"auto", "off"}


def select_gpus(requested: Gpu, facts: Facts) -> Gpus | None:
    """Return the GPUs of a config, or None for a workspace that computes on the CPU.

    Where GPUs are asked for and nothing is known of the engine, `--gpus` of Docker's own is planned: `up` looks
    before it does anything, and `render` shows what the field knows best.
    """
    if requested == "off" or (requested == "auto" and not is_gpu_available(facts)):
        return None
    methods = facts.gpu_methods or ("hook",)
    method = next(candidate for candidate in METHOD_PREFERENCE if candidate in methods)
    if isinstance(requested, tuple):
        return Gpus(method, tuple(str(number) for number in requested))
    return Gpus(method, tuple(str(number) for number in range(requested)) if isinstance(requested, int) else ("all",))


def is_gpu_available(facts: Facts) -> bool:
    """Say whether host and engine together offer a GPU, today or when this environment was made."""
    return bool(facts.gpu.driver and facts.gpu_methods) if facts.gpu_offered is None else facts.gpu_offered
