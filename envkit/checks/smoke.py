"""What the smoke test saw of an image, judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkit import catalog
from envkit.checks import driver, gpu, image, keras, tensorflow
from envkit.checks import observations as look
from envkit.checks.mends import for_an_image
from envkit.checks.table import finding
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.checks.image import Claim
    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

Expected = Literal["gpu", "cpu", "any"]


def check(
    observations: Sequence[Observation], claimed: Claim, expect: Expected, host: HostGpu,
    engine: EngineFacts | None = None, *, own: bool = False,
) -> tuple[Finding, ...]:
    """Judge an image: its label and packages, TensorFlow, the GPU as it was expected, the loop.

    Args:
        observations: What the test saw; none where the image has no Python.
        claimed: What the image's tag claims.
        expect: Whether a GPU has to compute (`gpu`), is not looked for (`cpu`), or may be there (`any`).
        host: What the host says of GPUs.
        engine: The engine, or None if it was not asked.
        own: Whether it is a workspace of envkit's, which is mended by envkit.
    """
    if not observations:
        return (finding("image/python", "neither python nor python3 starts in the image"),)
    inside = look.text(look.data(observations, "tensorflow.version"), "version")
    graphics = _gpu(observations, expect, host, engine, _release(inside or claimed.version))
    told = any(one.status is Verdict.FAILED for one in graphics)
    computing = tensorflow.check(observations, expected_version=inside, gpu_is_told=told)
    found = (*image.check(observations, claimed), *computing, *graphics, *_loop(observations, computing))
    return found if own else tuple(for_an_image(one) for one in found)


def _loop(observations: Sequence[Observation], computing: Sequence[Finding]) -> tuple[Finding, ...]:
    """Judge the loop. Where no finding says why there was no training, that there was none is a failure."""
    found = keras.check(observations)
    if any(one.status is Verdict.FAILED for one in (*computing, *found)):
        return found
    untrained = finding("keras/training", "the loop did not come to it", cause="unknown: no look says why")
    return tuple(
        untrained if one.check == untrained.check and one.status is Verdict.SKIPPED else one for one in found
    )


def _gpu(
    observations: Sequence[Observation], expect: Expected, host: HostGpu, engine: EngineFacts | None,
    release: Release | None,
) -> tuple[Finding, ...]:
    stub = driver.stub(observations)
    if expect == "gpu" or not stub:
        found = gpu.check(observations, required=expect == "gpu", host=host, engine=engine, release=release)
        return tuple(one for one in found if expect != "cpu" or one.status is not Verdict.SKIPPED)
    return (stub,)  # wherever this image meets a GPU, it will not find it


def _release(version: str) -> Release | None:
    return next((one for one in catalog.releases() if one.version == version), None)
