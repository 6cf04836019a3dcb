"""Judge the observations of the smoke test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkit import catalog
from envkit.checks import gpu, image, keras, tensorflow
from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import driver
from envkit.checks.image_hints import adapt_to_image
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.checks.image import Claim
    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

GpuExpectation = Literal["gpu", "cpu", "any"]


def check(
    observations: Sequence[Observation],
    claim: Claim,
    expect: GpuExpectation,
    host: HostGpu,
    engine: EngineFacts | None = None,
    *,
    is_workspace: bool = False,
    gpu_refusal: str = "",
) -> tuple[Finding, ...]:
    """Judge an image: its tag and packages, TensorFlow, the GPU as expected, and training.

    Args:
        observations: Observations of the test; empty if the image has no Python.
        claim: Claims of the image's tag.
        expect: Whether a GPU must compute (`gpu`), is not checked (`cpu`), or is optional (`any`).
        host: GPU facts of the host.
        engine: Engine facts, or None if no engine was asked.
        is_workspace: Whether it is an envkit workspace, whose hints name envkit commands.
        gpu_refusal: Why the engine refused an optional GPU, so that the test ran without one; or empty.
    """
    if not observations:
        return (make_finding("image/python", "neither python nor python3 starts in the image"),)
    if start_fault := image.find_start_fault(observations):
        return (start_fault,)
    version = obs.text(obs.data(observations, "tensorflow.version"), "version")
    release = _find_release(version or claim.version)
    gpu_findings = (
        (_report_refusal(gpu_refusal),) if gpu_refusal else _judge_gpu(observations, expect, host, engine, release)
    )
    gpu_failed = any(finding.status is Verdict.FAILED for finding in gpu_findings)
    tensorflow_findings = tensorflow.check(observations, expected_version=version, gpu_reported=gpu_failed)
    findings = (
        *image.check(observations, claim),
        *tensorflow_findings,
        *gpu_findings,
        *_judge_training(observations, tensorflow_findings, gpu_findings),
    )
    return findings if is_workspace else tuple(adapt_to_image(finding) for finding in findings)


def _report_refusal(reason: str) -> Finding:
    detail = f"tested without a GPU, which is optional, because the engine refused it: {reason}"
    return make_finding("gpu/engine-cannot", detail, status=Verdict.SKIPPED)


def _judge_training(
    observations: Sequence[Observation], tensorflow_findings: Sequence[Finding], gpu_findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Judge the training. If it did not happen and no other finding explains that, it is a failure.

    A GPU that does not compute explains it: then its finding is the only one with a cause.
    """
    findings = keras.check(observations)
    if any(finding.status is Verdict.FAILED for finding in (*tensorflow_findings, *gpu_findings, *findings)):
        return findings
    fault = next((finding for finding in gpu_findings if finding.status is Verdict.WARNED), None)
    no_training = make_finding(
        "keras/training",
        "the test did not reach this step",
        cause=f"the GPU does not work: see {fault.check}" if fault else "unknown: no observation explains it",
        hint=fault.hint if fault else None,
    )
    return tuple(
        no_training if finding.check == no_training.check and finding.status is Verdict.SKIPPED else finding
        for finding in findings
    )


def _judge_gpu(
    observations: Sequence[Observation],
    expect: GpuExpectation,
    host: HostGpu,
    engine: EngineFacts | None,
    release: Release | None,
) -> tuple[Finding, ...]:
    stub_finding = driver.find_stub(observations)
    if expect == "gpu" or not stub_finding:
        findings = gpu.check(observations, required=expect == "gpu", host=host, engine=engine, release=release)
        return tuple(finding for finding in findings if expect != "cpu" or finding.status is not Verdict.SKIPPED)
    return (stub_finding,)  # this image cannot use a GPU on any machine


def _find_release(version: str) -> Release | None:
    return next((release for release in catalog.releases() if release.version == version), None)
