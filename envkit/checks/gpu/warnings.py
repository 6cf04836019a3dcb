"""Warn about a working GPU that is slower than it could be, that XLA cannot use, or whose state cannot be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import driver, operations
from envkit.checks.gpu.engine_errors import GENERATE_SPEC
from envkit.resolve import gpu_support
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

# File systems that are removed with the container.
EPHEMERAL_TYPES = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "fuse-overlayfs"})
_ARCHITECTURE = re.compile(r"(?:sm|compute)_[0-9]{2,3}[a-z]?", re.ASCII)


def collect_warnings(observations: Sequence[Observation], release: Release | None) -> tuple[Finding, ...]:
    """Collect the warnings; none of them is a failure."""
    findings = (
        _find_compilation(observations, release),
        *_find_missing_tools(observations),
        _find_missing_nvml(observations),
    )
    return tuple(finding for finding in findings if finding)


def describe_newer_gpus(observations: Sequence[Observation], release: Release | None) -> str:
    """Describe the GPUs for which this TensorFlow has no machine code and compiles PTX, or return an empty string.

    The build's own list of architectures takes precedence over the catalog's.
    """
    capabilities = obs.texts(obs.data(observations, "tensorflow.build"), "cuda_compute_capabilities")
    architectures = _valid(capabilities)
    if not architectures and release:
        architectures = (*release.compute_capabilities, *filter(None, [release.ptx]))
    has_ptx = any(architecture.startswith("compute_") for architecture in architectures)
    generations = {driver.parse_architecture(architecture)[0] for architecture in architectures}
    if not has_ptx:
        return ""
    gpus = driver.compute_capabilities(observations).items()
    return "; ".join(
        f"{single_line(name)} ({driver.format_version(capability)})"
        for name, capability in gpus
        if capability[0] > max(generations)
    )


def find_missing_code(
    observations: Sequence[Observation], device: str, release: Release | None
) -> gpu_support.MissingCode | None:
    """Find out whether this TensorFlow has no code for a GPU, whose PTX may not load either.

    The build's own list of architectures takes precedence over the catalog's.
    """
    capability = _capability(observations, device)
    built_for = obs.texts(obs.data(observations, "tensorflow.build"), "cuda_compute_capabilities")
    if capability is None or any(driver.parse_architecture(name)[0] >= capability[0] for name in _valid(built_for)):
        return None
    return gpu_support.find_by_capability(capability, release)


def _valid(architectures: Sequence[str]) -> tuple[str, ...]:
    return tuple(filter(_ARCHITECTURE.fullmatch, architectures))


def _capability(observations: Sequence[Observation], device: str) -> tuple[int, int] | None:
    """Return the compute capability of one of TensorFlow's GPUs, by the driver, or by TensorFlow."""
    index = device.rpartition(":")[2]
    cuda_gpus = obs.tables(obs.data(observations, "gpu.cuda"), "gpus")
    cuda_gpu = cuda_gpus[int(index)] if index.isdecimal() and int(index) < len(cuda_gpus) else {}
    listed = obs.tables(obs.data(observations, "tensorflow.devices"), "gpus")
    gpu = next((gpu for gpu in listed if obs.text(gpu, "device") == device), {})
    return driver.parse_version(obs.text(cuda_gpu, "compute_capability")) or driver.parse_version(
        obs.text(gpu, "compute_capability")
    )


def _find_compilation(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    gpus = describe_newer_gpus(observations, release)
    if not gpus:
        return None
    cache = obs.data(observations, "gpu.cache")
    cache = {} if obs.error(cache) else cache
    loss = _explain_cache_loss(cache)
    first_s = operations.first_duration(observations)
    details = [f"this TensorFlow has no machine code for {gpus}"]
    details += [f"its first operation took {first_s:.1f} s"] if first_s is not None else []
    details += [loss or f"the compiled code is kept in {single_line(obs.text(cache, 'path'))}"] if cache else []
    data = {"first_s": first_s, "cache": obs.text(cache, "path"), "kept": not loss} if cache else {"first_s": first_s}
    hint = "set CUDA_CACHE_PATH in env of envkit.yaml to a folder on a volume, then: envkit up" if loss else None
    return make_finding("gpu/compiles-at-first-use", "; ".join(details), hint=hint, data=data)


def _explain_cache_loss(cache: Mapping[str, Any]) -> str:
    """Return why the compiled code is not kept, or an empty string if it is."""
    path = single_line(obs.text(cache, "path"))
    if cache.get("off") is True:
        return "CUDA_CACHE_DISABLE discards the compiled code"
    if cache.get("writable") is False:
        return f"the compiled code cannot be written to {path}"
    if obs.text(cache, "mount") == "/" or obs.text(cache, "type") in EPHEMERAL_TYPES:
        return f"the compiled code is lost with the container: {path} is not on a volume"
    return ""


def _find_missing_tools(observations: Sequence[Observation]) -> Iterator[Finding]:
    observation = obs.last(observations, "gpu.tools")
    if observation is None or obs.error(observation.data):
        return
    if not obs.text(observation.data, "ptxas"):
        yield make_finding("gpu/ptxas-missing", "no ptxas on PATH, in CUDA's folder, or next to TensorFlow")
    if not obs.text(observation.data, "libdevice"):
        yield make_finding("gpu/libdevice-missing", "no libdevice.10.bc in the folders that XLA searches")


def _find_missing_nvml(observations: Sequence[Observation]) -> Finding | None:
    """Warn that nvidia-smi's library is missing, which computing does not need."""
    data = obs.data(observations, "gpu.nvml")
    error = obs.text(data, "error")
    if not error or data.get("code") is not None:
        return None
    detail = f"loading libnvidia-ml.so.1 failed: {single_line(error)}"
    if driver.lacks_capability(observations, "utility"):
        return make_finding("gpu/nvml-missing", detail)
    return make_finding(
        "gpu/nvml-missing",
        detail,
        cause="the container requests it, but its toolkit did not mount it",
        hint=f"with CDI: {GENERATE_SPEC}, on the host; otherwise install the host's libnvidia-ml.so.1 (Debian: "
        "libnvidia-ml1); then: envkit down && envkit up --gpu",
    )
