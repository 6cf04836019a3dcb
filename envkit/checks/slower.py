"""What makes a GPU that computes slower than it could be, keeps XLA from it, or keeps its state from being told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import driver, operations
from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.checks.toolkit import CONFIGURE
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

NOT_KEPT = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "fuse-overlayfs"})  # what goes with the container
_ARCHITECTURE = re.compile(r"(?:sm|compute)_[0-9]{2,3}[a-z]?", re.ASCII)


def notes(observations: Sequence[Observation], release: Release | None) -> tuple[Finding, ...]:
    """Return all of that, none of it a failure."""
    found = (_compiles(observations, release), *_tools(observations), _nvml(observations))
    return tuple(one for one in found if one)


def newer(observations: Sequence[Observation], release: Release | None) -> str:
    """Return the GPUs that this TensorFlow has no machine code for and compiles PTX instead, in words, or nothing.

    Its own word on what it was built for counts before the catalogue's.
    """
    said = look.texts(look.data(observations, "tensorflow.build"), "cuda_compute_capabilities")
    built = tuple(filter(_ARCHITECTURE.fullmatch, said))
    if not built and release:
        built = (*release.compute_capabilities, *filter(None, [release.ptx]))
    has_ptx = any(one.startswith("compute_") for one in built)
    generations = {driver.architecture(one)[0] for one in built}
    if not has_ptx:
        return ""
    found = driver.capabilities(observations).items()
    return "; ".join(f"{line(name)} ({driver.dotted(one)})" for name, one in found if one[0] > max(generations))


def _compiles(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    gpus = newer(observations, release)
    if not gpus:
        return None
    cache = look.data(observations, "gpu.cache")
    cache = {} if look.error(cache) else cache
    lost = _lost(cache)
    first = operations.first(observations)
    words = [f"this TensorFlow has no machine code for {gpus}"]
    words += [f"its first operation took {first:.1f} s"] if first is not None else []
    words += [lost or f"what was compiled is kept in {line(look.text(cache, 'path'))}"] if cache else []
    data = {"first_s": first, "cache": look.text(cache, "path"), "kept": not lost} if cache else {"first_s": first}
    mend = "name a folder of a volume: CUDA_CACHE_PATH in env of envkit.yaml, then: envkit up" if lost else None
    return finding("gpu/compiles-at-first-use", "; ".join(words), mend=mend, data=data)


def _lost(seen: Mapping[str, Any]) -> str:
    """Return why what was compiled will be compiled again, or nothing if it is kept."""
    path = line(look.text(seen, "path"))
    if seen.get("off") is True:
        return "CUDA_CACHE_DISABLE keeps nothing of what was compiled"
    if seen.get("writable") is False:
        return f"what was compiled cannot be written to {path}"
    if look.text(seen, "mount") == "/" or look.text(seen, "type") in NOT_KEPT:
        return f"what was compiled goes with the container: {path} is on no volume"
    return ""


def _tools(observations: Sequence[Observation]) -> Iterator[Finding]:
    seen = look.last(observations, "gpu.tools")
    if seen is None or look.error(seen.data):
        return
    if not look.text(seen.data, "ptxas"):
        yield finding("gpu/ptxas-missing", "there is no ptxas on PATH, in CUDA's folder, or beside TensorFlow")
    if not look.text(seen.data, "libdevice"):
        yield finding("gpu/libdevice-missing", "there is no libdevice.10.bc where XLA looks for it")


def _nvml(observations: Sequence[Observation]) -> Finding | None:
    """Tell that nvidia-smi's library is missing, which computing does not need."""
    seen = look.data(observations, "gpu.nvml")
    said = look.text(seen, "error")
    if not said or seen.get("code") is not None:
        return None
    if driver.lacks(observations, "utility"):
        return finding("gpu/nvml-missing", f"loading libnvidia-ml.so.1 says {line(said)}")
    return finding(
        "gpu/nvml-missing", f"loading libnvidia-ml.so.1 says {line(said)}",
        cause="the container asks for it, or for all of the driver, and its toolkit did not bring it",
        mend=f"{CONFIGURE}, on the host, then: envkit down && envkit up --gpu",
    )
