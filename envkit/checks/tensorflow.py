"""Whether TensorFlow is there, is the right one, can be imported, and computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks import operations, signatures
from envkit.checks.ending import ending
from envkit.checks.table import finding
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

CPU = "CPU:0"
PACKAGES = ("numpy", "protobuf")


def check(
    observations: Sequence[Observation], *, expected_version: str, gpu_is_told: bool = True
) -> tuple[Finding, ...]:
    """Judge TensorFlow itself; GPUs are judged apart.

    Args:
        observations: What the probe saw, in its order.
        expected_version: The version that was configured, such as `2.9.0`.
        gpu_is_told: Whether an end while a GPU computed is told of elsewhere, and counts there.
    """
    failure = _not_imported(observations) or _silent(observations, gpu_is_told=gpu_is_told)
    if failure:
        return (failure,)
    found = (_wrong_version(observations, expected_version), _computed(observations))
    return tuple(one for one in found if one)


def _not_imported(observations: Sequence[Observation]) -> Finding | None:
    if look.last(observations, "tensorflow.missing"):
        where = look.text(look.data(observations, "python"), "executable") or "python"
        return finding("tensorflow/missing", f"{line(where)} finds no module named tensorflow")
    for what in ("tensorflow.import", "tensorflow.version"):
        if error := look.error(look.data(observations, what)):
            return _import_failed(observations, error)
    return None


def _import_failed(observations: Sequence[Observation], error: str) -> Finding:
    known = signatures.recognise(f"{error}\n{look.log(observations)}", signatures.IMPORT)
    versions = look.table(look.data(observations, "packages"), "versions")
    beside = {name: look.text(versions, name) for name in PACKAGES if look.text(versions, name)}
    return finding(
        "tensorflow/import-failed",
        f"import tensorflow raised {line(error)}",
        cause=known.cause if known else "unknown: the message above is all that TensorFlow says",
        mend=known.mend if known else "envkit exec -- python -c 'import tensorflow' shows all of it",
        data={"versions": beside},
    )


def _silent(observations: Sequence[Observation], *, gpu_is_told: bool) -> Finding | None:
    ended = ending(observations)
    # An end while a GPU computed is that GPU's fault.
    if ended and not (gpu_is_told and ended.device.startswith("GPU")):
        return finding("tensorflow/silent", ended.seen, cause=ended.cause, mend=ended.mend)
    if look.text(look.data(observations, "tensorflow.version"), "version"):
        return None
    return finding(
        "tensorflow/silent", "the probe came to its end without a word on TensorFlow",
        cause="what ran in the container was not envkit's probe", mend="envkit down && envkit up",
    )


def _wrong_version(observations: Sequence[Observation], expected: str) -> Finding | None:
    version = look.text(look.data(observations, "tensorflow.version"), "version")
    if version == expected:
        return None
    return finding(
        "tensorflow/wrong-version",
        f"TensorFlow {line(version)} is imported, and {expected} is configured",
        mend=f'in a notebook: %pip install "tensorflow-cpu=={expected}"; or set tensorflow: in envkit.yaml',
        data={"version": version, "expected": expected},
    )


def _computed(observations: Sequence[Observation]) -> Finding:
    if wrong := operations.fault(observations, CPU):
        return finding("tensorflow/op-failed", wrong, cause=_cause(observations))
    version = look.text(look.data(observations, "tensorflow.version"), "version")
    seconds = operations.times(observations, CPU)
    return finding(
        "tensorflow/computes",
        f"TensorFlow {line(version)} computes on CPU ({operations.summary(seconds)})",
        seconds=sum(seconds.values()),
        data={"version": version, "device": CPU, "seconds": seconds},
    )


def _cause(observations: Sequence[Observation]) -> str:
    if look.tables(look.data(observations, "tensorflow.devices"), "gpus"):
        return "TensorFlow prepares its GPUs before its first operation, so a broken GPU can stop the CPU's as well"
    return "unknown: the message above is all that TensorFlow says"
