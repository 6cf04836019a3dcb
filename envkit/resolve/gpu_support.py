"""Explain which GPUs have no code in a TensorFlow release, and what to use instead.

cuBLAS and cuDNN bring code of their own for such a GPU, so matrix products and convolutions prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import catalog

if TYPE_CHECKING:
    from envkit.model.facts import HostGpu
    from envkit.model.release import NewerGpu, Release

NVIDIA_REGISTRY = "nvcr.io/nvidia/tensorflow"
CPU_HINT = "envkit up --no-gpu to work on the CPU"


@dataclass(frozen=True, slots=True)
class MissingCode:
    """A generation of GPUs for which a release has no code.

    Attributes:
        capability: Their compute capability, such as `12.0`.
        cause: What is known about it, and from where.
        hint: What works instead.
        is_reported: Whether users report that the release fails on it; otherwise no report is known.
    """

    capability: str
    cause: str
    hint: str
    is_reported: bool


def find_by_capability(capability: tuple[int, int], release: Release | None) -> MissingCode | None:
    """Find out whether a release has no code for GPUs of a compute capability."""
    gpus = (gpu for gpu in catalog.newer_gpus() if capability in gpu.compute_capabilities)
    return next((_describe(gpu, capability, release) for gpu in gpus), None)


def find_on_host(host: HostGpu, release: Release | None, base: str) -> MissingCode | None:
    """Find out whether a GPU of the host, known by its PCI id, has no code in a release, before anything is built.

    Args:
        host: GPU facts of the host.
        release: TensorFlow release to run.
        base: Base image of the config; NVIDIA's own containers have code for newer GPUs.
    """
    if base == "nvidia" or base.startswith(NVIDIA_REGISTRY):
        return None
    found = (find_by_pci_id(device_id, release) for device_id in host.device_ids)
    return next(filter(None, found), None)


def find_by_pci_id(device_id: int, release: Release | None) -> MissingCode | None:
    """Find out by the PCI device id of a GPU whether a release has no code for it."""
    gpus = (gpu for gpu in catalog.newer_gpus() if any(first <= device_id <= last for first, last in gpu.pci))
    return next((_describe(gpu, gpu.compute_capabilities[0], release) for gpu in gpus), None)


def _describe(gpu: NewerGpu, capability: tuple[int, int], release: Release | None) -> MissingCode:
    name = f"TensorFlow {release.version}" if release else "this TensorFlow"
    cause = f"{name} has no code for {gpu.name}: "
    is_reported = bool(gpu.fails_from) and (release is None or _series(release) >= (gpu.fails_from or ()))
    cause += (
        "users report that the PTX of its own kernels does not load there"
        if is_reported
        else "whether its PTX loads there is unconfirmed"
    )
    return MissingCode(f"{capability[0]}.{capability[1]}", cause, _alternatives(gpu), is_reported)


def _alternatives(gpu: NewerGpu) -> str:
    """Name what may work on GPUs for which no release has code."""
    container = catalog.nvidia_container()
    works = "users report that NVIDIA's container works" if gpu.fails_from else "NVIDIA's container may work"
    return (
        f"no release in the catalog has code for this GPU; {works} (unconfirmed): base: nvidia with "
        f'tensorflow: "{container.tensorflow}" in envkit.yaml ({container.image}); or {CPU_HINT}'
    )


def _series(release: Release) -> tuple[int, ...]:
    return tuple(int(part) for part in release.version.split(".")[:2])
