"""What makes a GPU that computes slower than it could be, keeps XLA from it, or keeps its state from being told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.gpu import driver, operations
from envkit.checks.gpu.engine_errors import CONFIGURE_TOOLKIT
from envkit.checks.table import make_finding
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

EPHEMERAL_TYPES = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "fuse-overlayfs"})  # what goes with the container
_ARCHITECTURE = re.compile(r"(?:sm|compute)_[0-9]{2,3}[a-z]?", re.ASCII)


def collect_warnings(observations: Sequence[Observation], release: Release | None) -> tuple[Finding, ...]:
    """Return all of that, none of it a failure."""
    findings = (
        _find_compilation(observations, release),
        *_find_missing_tools(observations),
        _find_missing_nvml(observations),
    )
    return tuple(finding for finding in findings if finding)


def describe_newer_gpus(observations: Sequence[Observation], release: Release | None) -> str:
    """Return the GPUs that this TensorFlow has no machine code for and compiles PTX instead, in words, or nothing.

    Its own word on what it was built for counts before the catalogue's.
    """
    capabilities = obs.texts(obs.data(observations, "tensorflow.build"), "cuda_compute_capabilities")
    architectures = tuple(filter(_ARCHITECTURE.fullmatch, capabilities))
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
    details += [loss or f"what was compiled is kept in {single_line(obs.text(cache, 'path'))}"] if cache else []
    data = {"first_s": first_s, "cache": obs.text(cache, "path"), "kept": not loss} if cache else {"first_s": first_s}
    hint = "name a folder of a volume: CUDA_CACHE_PATH in env of envkit.yaml, then: envkit up" if loss else None
    return make_finding("gpu/compiles-at-first-use", "; ".join(details), hint=hint, data=data)


def _explain_cache_loss(cache: Mapping[str, Any]) -> str:
    """Return why what was compiled will be compiled again, or nothing if it is kept."""
    path = single_line(obs.text(cache, "path"))
    if cache.get("off") is True:
        return "CUDA_CACHE_DISABLE keeps nothing of what was compiled"
    if cache.get("writable") is False:
        return f"what was compiled cannot be written to {path}"
    if obs.text(cache, "mount") == "/" or obs.text(cache, "type") in EPHEMERAL_TYPES:
        return f"what was compiled goes with the container: {path} is on no volume"
    return ""


def _find_missing_tools(observations: Sequence[Observation]) -> Iterator[Finding]:
    observation = obs.last(observations, "gpu.tools")
    if observation is None or obs.error(observation.data):
        return
    if not obs.text(observation.data, "ptxas"):
        yield make_finding("gpu/ptxas-missing", "there is no ptxas on PATH, in CUDA's folder, or beside TensorFlow")
    if not obs.text(observation.data, "libdevice"):
        yield make_finding("gpu/libdevice-missing", "there is no libdevice.10.bc where XLA looks for it")


def _find_missing_nvml(observations: Sequence[Observation]) -> Finding | None:
    """Tell that nvidia-smi's library is missing, which computing does not need."""
    data = obs.data(observations, "gpu.nvml")
    error = obs.text(data, "error")
    if not error or data.get("code") is not None:
        return None
    if driver.lacks_capability(observations, "utility"):
        return make_finding("gpu/nvml-missing", f"loading libnvidia-ml.so.1 says {single_line(error)}")
    return make_finding(
        "gpu/nvml-missing",
        f"loading libnvidia-ml.so.1 says {single_line(error)}",
        cause="the container asks for it, or for all of the driver, and its toolkit did not bring it",
        hint=f"{CONFIGURE_TOOLKIT}, on the host, then: envkit down && envkit up --gpu",
    )
