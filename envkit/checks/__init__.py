"""Judge observations. Pure: the same observations always give the same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import gpu, tensorflow
from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import device_nodes
from envkit.checks.smoke import check as smoke
from envkit.checks.summary import exit_code, summarize, summarize_audit, summarize_host
from envkit.model.report import Verdict
from envkit.resolve import gpu_support

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
    "out_of_memory",
    "probe",
    "smoke",
    "summarize",
    "summarize_audit",
    "summarize_host",
    "tensorboard_route",
]


def probe(
    observations: Sequence[Observation],
    *,
    release: Release,
    gpu_required: bool,
    host: HostGpu,
    engine: EngineFacts | None = None,
) -> tuple[Finding, ...]:
    """Judge the observations of the probe: TensorFlow first, then the GPUs."""
    return (
        *tensorflow.check(observations, expected_version=release.version),
        *gpu.check(observations, required=gpu_required, host=host, engine=engine, release=release),
    )


def gpu_preflight(host: HostGpu, engine: EngineFacts, image: ImagePlan) -> Finding | None:
    """Find out why a requested GPU cannot be used, as far as is known before anything is created."""
    return gpu.preflight(required=True, host=host, engine=engine, release=image.release, gpu_build=image.gpu)


def host_gpu(
    host: HostGpu, engine: EngineFacts | None, release: Release, *, required: bool, base: str = "auto"
) -> tuple[Finding, ...]:
    """Judge, before anything is pulled, whether this release, its CUDA, the driver and the engine work together.

    Args:
        host: GPU facts of the host.
        engine: Engine facts, or None if none answers.
        release: TensorFlow release to run.
        required: Whether a run without a GPU is a failure.
        base: Base image of the config.
    """
    missing = gpu_support.find_on_host(host, release, base)
    warnings = (
        (make_finding("gpu/no-kernel", missing.cause, status=Verdict.WARNED, cause="", hint=missing.hint),)
        if missing
        else ()
    )
    return (*_host_gpu(host, engine, release, required=required), *warnings)


def _host_gpu(host: HostGpu, engine: EngineFacts | None, release: Release, *, required: bool) -> tuple[Finding, ...]:
    fault = gpu.preflight(required=required, host=host, engine=engine, release=release)
    if fault is None and engine is None:
        return (make_finding("host/gpu", "no engine answers that could pass a GPU", status=Verdict.SKIPPED),)
    if fault is None:
        detail = f"driver {host.driver} supports TensorFlow {release.version} with CUDA {release.cuda}"
        return (make_finding("host/gpu", detail),)
    return (fault,)


def gpu_device_nodes(observations: Sequence[Observation]) -> Finding:
    """Judge whether a container can still open its GPU."""
    if not obs.table(obs.data(observations, "gpu.nodes"), "nodes"):
        return make_finding("gpu/nodes-open", "the device nodes could not be checked", status=Verdict.UNKNOWN)
    return device_nodes.find_fault(observations) or make_finding("gpu/nodes-open", "every device node opens")


def no_gpu_assigned() -> Finding:
    """Build the finding for a container that has no GPU to lose."""
    detail = "this workspace has no GPU to watch; only whether it runs is watched"
    return make_finding("gpu/nodes-open", detail, status=Verdict.SKIPPED)


def tensorboard_route(error: str) -> Finding:
    """Judge whether TensorBoard answers; one that does not is a warning.

    Args:
        error: Why it counts as not answering, or empty.
    """
    if error:
        return make_finding("tensorboard/route", error)
    return make_finding("tensorboard/route", "answers", status=Verdict.PASSED, cause="", hint="")


def out_of_memory(explanation: str) -> Finding:
    """Report programs that were killed because the workspace reached its memory limit."""
    return make_finding("environment/memory", explanation)


def drift(changes: Sequence[str], error: str = "") -> Finding:
    """Judge whether an environment matches its config.

    Args:
        changes: Steps of an `up`, in words.
        error: Reason why they are unknown, or empty.
    """
    if error:
        return make_finding("environment/drift", error, hint="envkit up shows more")
    if changes:
        return make_finding("environment/drift", f"an `up` would: {'; '.join(changes)}")
    return make_finding("environment/drift", "it matches its config", status=Verdict.PASSED, cause="", hint="")
