"""Observations in, findings out. Pure: the same observations always give the same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import gpu, nodes, tensorflow
from envkit.checks import observations as look
from envkit.checks.smoke import check as smoke
from envkit.checks.table import finding
from envkit.checks.verdict import exit_code, ready, verdict, withstood
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.image import ImagePlan
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

__all__ = [
    "alive", "drift", "exit_code", "gpu_before", "gpu_of_host", "no_gpu_to_watch", "probe",
    "ready", "smoke", "verdict", "withstood",
]


def probe(
    observations: Sequence[Observation], *, release: Release, gpu_required: bool, host: HostGpu,
    engine: EngineFacts | None = None,
) -> tuple[Finding, ...]:
    """Judge everything that the probe saw: TensorFlow first, then the GPUs."""
    return (
        *tensorflow.check(observations, expected_version=release.version),
        *gpu.check(observations, required=gpu_required, host=host, engine=engine, release=release),
    )


def gpu_before(host: HostGpu, engine: EngineFacts, image: ImagePlan) -> Finding | None:
    """Return why a GPU that is asked for cannot be used, as far as that shows before anything is created."""
    return gpu.before(required=True, host=host, engine=engine, release=image.release, gpu_build=image.gpu)


def gpu_of_host(
    host: HostGpu, engine: EngineFacts | None, release: Release, *, required: bool
) -> tuple[Finding, ...]:
    """Judge before anything is pulled whether this release, its CUDA, the driver and the engine can work together."""
    fault = gpu.before(required=required, host=host, engine=engine, release=release)
    if fault is None and engine is None:
        return (finding("host/gpu", "no engine answered that could pass a GPU", status=Verdict.SKIPPED),)
    if fault is None:
        words = f"driver {host.driver} serves TensorFlow {release.version} with CUDA {release.cuda}"
        return (finding("host/gpu", words),)
    return (fault,)


def alive(observations: Sequence[Observation]) -> Finding:
    """Judge whether a GPU that a container was given is still there."""
    if not look.table(look.data(observations, "gpu.nodes"), "nodes"):
        return finding("gpu/nodes-open", "the device nodes could not be looked at", status=Verdict.UNKNOWN)
    return nodes.fault(observations) or finding("gpu/nodes-open", "every device node opens")


def no_gpu_to_watch() -> Finding:
    """Say that a container was given no GPU that could be lost."""
    words = "this workspace was given no GPU, so there is none to watch; whether it runs is watched"
    return finding("gpu/nodes-open", words, status=Verdict.SKIPPED)


def drift(does: Sequence[str], wrong: str = "") -> Finding:
    """Judge whether an environment is what its config says.

    Args:
        does: What an `up` would do, in words.
        wrong: Why that cannot be told, or empty.
    """
    if wrong:
        return finding("environment/drift", wrong, mend="envkit up says more")
    if does:
        return finding("environment/drift", f"an `up` would now: {'; '.join(does)}")
    return finding("environment/drift", "it is what its config says", status=Verdict.PASSED, cause="", mend="")
