"""Each GPU as the looks saw it: from NVML, from the driver, from TensorFlow, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of a container.

    Attributes:
        index: Its number, as NVML counts.
        name: Its model.
        uuid: The beginning of its UUID, enough to tell it from others.
        memory_mib: Its memory.
        used_mib: What is taken of it.
        processes: How many processes compute on it, those of other containers included; None where NVML does not say.
        driver: The driver's version.
        compute_capability: Such as `8.0`; empty where the driver does not count it.
    """

    index: int
    name: str
    uuid: str
    memory_mib: int
    used_mib: int
    processes: int | None
    driver: str
    compute_capability: str


def list_gpus(observations: Sequence[Observation]) -> tuple[Gpu, ...]:
    """Return the GPUs that NVML lists, with what the driver says of those it counts by the same name."""
    nvml = obs.data(observations, "gpu.nvml")
    cuda_gpus = list(obs.tables(obs.data(observations, "gpu.cuda"), "gpus"))
    gpus = []
    for nvml_gpu in obs.tables(nvml, "gpus"):
        # The driver has an order of its own, and leaves out what a variable hides: the model's name joins the two.
        cuda_gpu = next((gpu for gpu in cuda_gpus if obs.text(gpu, "name") == obs.text(nvml_gpu, "name")), None)
        if cuda_gpu is not None:
            cuda_gpus.remove(cuda_gpu)
        gpus.append(_build_gpu(nvml_gpu, cuda_gpu or {}, obs.text(nvml, "driver")))
    return tuple(gpus)


def _build_gpu(nvml_gpu: Mapping[str, Any], cuda_gpu: Mapping[str, Any], driver: str) -> Gpu:
    processes = nvml_gpu.get("processes")
    return Gpu(
        index=_non_negative_int(nvml_gpu.get("index")),
        name=single_line(obs.text(nvml_gpu, "name")),
        uuid=single_line(obs.text(nvml_gpu, "uuid")),
        memory_mib=_non_negative_int(nvml_gpu.get("memory_mib")),
        used_mib=_non_negative_int(nvml_gpu.get("used_mib")),
        processes=_non_negative_int(processes) if isinstance(processes, int) else None,
        driver=single_line(driver),
        compute_capability=single_line(obs.text(cuda_gpu, "compute_capability")),
    )


def _non_negative_int(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
