"""Observations in, findings out. Pure: the same observations always give the same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import gpu, tensorflow
from envkit.checks import observations as obs
from envkit.checks.gpu import device_nodes
from envkit.checks.smoke import check as smoke
from envkit.checks.summary import exit_code, summarize, summarize_audit, summarize_host
from envkit.checks.table import make_finding
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.image import ImagePlan
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

__all__ = [
    "drift",
    "exit_code",
    "gpu_device_nodes",
    "gpu_preflight",
    "host_gpu",
    "no_gpu_assigned",
    "probe",
    "smoke",
    "summarize",
    "summarize_audit",
    "summarize_host",
]


def probe(
    observations: Sequence[Observation],
    *,
    release: Release,
    gpu_required: bool,
    host: HostGpu,
    engine: EngineFacts | None = None,
) -> tuple[Finding, ...]:
    """Judge everything that the probe saw: TensorFlow first, then the GPUs."""
    return (
        *tensorflow.check(observations, expected_version=release.version),
        *gpu.check(observations, required=gpu_required, host=host, engine=engine, release=release),
    )


def gpu_preflight(host: HostGpu, engine: EngineFacts, image: ImagePlan) -> Finding | None:
    """Return why a GPU that is asked for cannot be used, as far as that shows before anything is created."""
    return gpu.preflight(required=True, host=host, engine=engine, release=image.release, gpu_build=image.gpu)


def host_gpu(host: HostGpu, engine: EngineFacts | None, release: Release, *, required: bool) -> tuple[Finding, ...]:
    """Judge before anything is pulled whether this release, its CUDA, the driver and the engine can work together."""
    fault = gpu.preflight(required=required, host=host, engine=engine, release=release)
    if fault is None and engine is None:
        return (make_finding("host/gpu", "no engine answered that could pass a GPU", status=Verdict.SKIPPED),)
    if fault is None:
        detail = f"driver {host.driver} serves TensorFlow {release.version} with CUDA {release.cuda}"
        return (make_finding("host/gpu", detail),)
    return (fault,)


def gpu_device_nodes(observations: Sequence[Observation]) -> Finding:
    """Judge whether a GPU that a container was given is still there."""
    if not obs.table(obs.data(observations, "gpu.nodes"), "nodes"):
        return make_finding("gpu/nodes-open", "the device nodes could not be looked at", status=Verdict.UNKNOWN)
    return device_nodes.find_fault(observations) or make_finding("gpu/nodes-open", "every device node opens")


def no_gpu_assigned() -> Finding:
    """Say that a container was given no GPU that could be lost."""
    detail = "this workspace was given no GPU, so there is none to watch; whether it runs is watched"
    return make_finding("gpu/nodes-open", detail, status=Verdict.SKIPPED)


def drift(changes: Sequence[str], error: str = "") -> Finding:
    """Judge whether an environment is what its config says.

    Args:
        changes: What an `up` would do, in words.
        error: Why that cannot be told, or empty.
    """
    if error:
        return make_finding("environment/drift", error, hint="envkit up says more")
    if changes:
        return make_finding("environment/drift", f"an `up` would now: {'; '.join(changes)}")
    return make_finding("environment/drift", "it is what its config says", status=Verdict.PASSED, cause="", hint="")
