"""Select the GPUs of a container and the engine's method to pass them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.model.run import Gpus

if TYPE_CHECKING:
    from envkit.config.fields import Gpu
    from envkit.model.facts import Facts

# `systemctl daemon-reload` removes the GPU from a running container, except with CDI.
METHOD_PREFERENCE = ("cdi", "hook", "runtime")


def requires_gpu(requested: Gpu) -> bool:
    """Check whether a config requires a GPU, so that a run without one fails."""
    return requested not in {"auto", "off"}


def select_gpus(requested: Gpu, facts: Facts) -> Gpus | None:
    """Return the GPUs of a config, or None for a workspace on the CPU.

    If GPUs are required and the engine's methods are unknown, Docker's `--gpus` is planned: `up` asks the engine
    first, and `render` shows the most common form.
    """
    if requested == "off" or (requested == "auto" and not is_gpu_available(facts)):
        return None
    methods = facts.gpu_methods or ("hook",)
    method = next(candidate for candidate in METHOD_PREFERENCE if candidate in methods)
    if isinstance(requested, tuple):
        return Gpus(method, tuple(str(number) for number in requested))
    return Gpus(method, tuple(str(number) for number in range(requested)) if isinstance(requested, int) else ("all",))


def is_gpu_available(facts: Facts) -> bool:
    """Check whether host and engine offer a GPU, or did so when the environment was created."""
    return bool(facts.gpu.driver and facts.gpu_methods) if facts.gpu_offered is None else facts.gpu_offered
