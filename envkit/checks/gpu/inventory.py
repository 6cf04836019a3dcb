"""List each GPU by merging the observations of NVML and the driver."""

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
        index: NVML's index.
        name: Model.
        uuid: Beginning of its UUID, long enough to be unique.
        memory_mib: Memory in MiB.
        used_mib: Memory in use, in MiB.
        processes: Number of processes that compute on it, in any container; None if NVML does not report it.
        driver: Driver version.
        compute_capability: Such as `8.0`; empty if the driver does not count the GPU.
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
    """List NVML's GPUs, merged with the driver's data for GPUs of the same name."""
    nvml = obs.data(observations, "gpu.nvml")
    cuda_gpus = list(obs.tables(obs.data(observations, "gpu.cuda"), "gpus"))
    gpus = []
    for nvml_gpu in obs.tables(nvml, "gpus"):
        # The driver's order differs, and it omits hidden GPUs, so the two are matched by model name.
        cuda_gpu = next((gpu for gpu in cuda_gpus if obs.text(gpu, "name") == obs.text(nvml_gpu, "name")), None)
        if cuda_gpu is not None:
            cuda_gpus.remove(cuda_gpu)
        gpus.append(_build_gpu(nvml_gpu, cuda_gpu or {}, obs.text(nvml, "driver")))
    return tuple(gpus)


def find_nvml_gpu(observations: Sequence[Observation], device: str) -> Mapping[str, Any]:
    """Return NVML's data of one of TensorFlow's GPUs, such as `GPU:0`; empty if it is not certain which one it is.

    TensorFlow counts the GPUs in the driver's order, and only the visible ones; NVML counts all by their address.
    """
    nvml_gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    cuda_gpus = obs.tables(obs.data(observations, "gpu.cuda"), "gpus")
    index = int(device.rpartition(":")[2]) if device.rpartition(":")[2].isdecimal() else 0
    cuda_gpu = cuda_gpus[index] if index < len(cuda_gpus) else {}
    if address := obs.text(cuda_gpu, "pci"):
        matches = [gpu for gpu in nvml_gpus if obs.text(gpu, "pci") == address]
        if matches:
            return matches[0]
    if len(nvml_gpus) == 1:
        return nvml_gpus[0]
    same_name = [gpu for gpu in nvml_gpus if obs.text(gpu, "name") == obs.text(cuda_gpu, "name")]
    if len(same_name) == 1:
        return same_name[0]
    # Equal models keep the order of their addresses.
    return nvml_gpus[index] if len(same_name) == len(nvml_gpus) == len(cuda_gpus) and index < len(cuda_gpus) else {}


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
