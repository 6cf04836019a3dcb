"""Judge whether TensorFlow is installed in the right version, can be imported, and computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import error_patterns
from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.crash import find_crash
from envkit.checks.gpu import compute_failures, operations
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.checks.log.explanation import Fault
    from envkit.model.report import Finding, Observation

CPU_DEVICE = "CPU:0"
PACKAGES = ("numpy", "protobuf")


def check(
    observations: Sequence[Observation], *, expected_version: str, gpu_reported: bool = True
) -> tuple[Finding, ...]:
    """Judge TensorFlow itself; GPUs are judged separately.

    Args:
        observations: Observations of the probe, in order.
        expected_version: Configured version, such as `2.9.0`.
        gpu_reported: Whether another finding reports a crash on a GPU.
    """
    failure = _find_import_fault(observations) or _find_crash(observations, gpu_reported=gpu_reported)
    if failure:
        return (failure,)
    findings = (_find_version_mismatch(observations, expected_version), _judge_operations(observations))
    return tuple(finding for finding in findings if finding)


def _find_import_fault(observations: Sequence[Observation]) -> Finding | None:
    if obs.last(observations, "tensorflow.missing"):
        executable = obs.text(obs.data(observations, "python"), "executable") or "python"
        return make_finding("tensorflow/missing", f"{single_line(executable)} finds no module named tensorflow")
    for name in ("tensorflow.import", "tensorflow.version"):
        if error := obs.error(obs.data(observations, name)):
            return _explain_import_error(observations, error)
    return None


def _explain_import_error(observations: Sequence[Observation], error: str) -> Finding:
    text = f"{error}\n{obs.log(observations)}"
    match = error_patterns.find_pattern(text, error_patterns.IMPORT_ERRORS) or _find_log_cause(text)
    hint = match.hint if match else "envkit exec -- python -c 'import tensorflow' shows the full error"
    if requirement := error_patterns.protobuf_requirement(error):
        hint = f'in a notebook: %pip install "{requirement}"'
    versions = obs.table(obs.data(observations, "packages"), "versions")
    package_versions = {name: obs.text(versions, name) for name in PACKAGES if obs.text(versions, name)}
    return make_finding(
        "tensorflow/import-failed",
        f"import tensorflow raised {single_line(error)}",
        cause=match.cause if match else "unknown: TensorFlow reports only the message above",
        hint=hint,
        data={"versions": package_versions},
    )


def _find_log_cause(text: str) -> Fault | None:
    from envkit.checks.log.explanation import find_cause  # only failures need the rules

    return find_cause(text)


def _find_crash(observations: Sequence[Observation], *, gpu_reported: bool) -> Finding | None:
    crash = find_crash(observations)
    # A crash on a GPU, or with a code of one, belongs to the GPU's finding.
    if crash and gpu_reported and not crash.device.startswith("GPU") and compute_failures.find_gpu_code(observations):
        return _skip_for_gpu(crash.detail)
    if crash and not (gpu_reported and crash.device.startswith("GPU")):
        return make_finding("tensorflow/silent", crash.detail, cause=crash.cause, hint=crash.hint)
    if obs.text(obs.data(observations, "tensorflow.version"), "version"):
        return None
    return make_finding(
        "tensorflow/silent",
        "the probe finished without reporting on TensorFlow",
        cause="the program that ran in the container was not envkit's probe",
        hint="envkit down && envkit up",
    )


def _skip_for_gpu(detail: str) -> Finding:
    return make_finding(
        "tensorflow/computes",
        f"{detail} by a fault of the GPU, which TensorFlow initializes before its first operation on the CPU",
        status=Verdict.SKIPPED,
    )


def _find_version_mismatch(observations: Sequence[Observation], expected: str) -> Finding | None:
    version = obs.text(obs.data(observations, "tensorflow.version"), "version")
    if version == expected:
        return None
    return make_finding(
        "tensorflow/wrong-version",
        f"TensorFlow {single_line(version)} is imported, but {expected} is configured",
        hint=f'in a notebook: %pip install "tensorflow-cpu=={expected}"; or set tensorflow: in envkit.yaml',
        data={"version": version, "expected": expected},
    )


def _judge_operations(observations: Sequence[Observation]) -> Finding:
    fault = operations.describe_fault(observations, CPU_DEVICE)
    if fault and compute_failures.find_gpu_code(observations):
        return _skip_for_gpu(fault)
    if fault:
        return make_finding("tensorflow/op-failed", fault, cause=_operation_cause(observations))
    version = obs.text(obs.data(observations, "tensorflow.version"), "version")
    durations = operations.durations(observations, CPU_DEVICE)
    return make_finding(
        "tensorflow/computes",
        f"TensorFlow {single_line(version)} computes on CPU ({operations.summary(durations)})",
        seconds=sum(durations.values()),
        data={"version": version, "device": CPU_DEVICE, "seconds": durations},
    )


def _operation_cause(observations: Sequence[Observation]) -> str:
    if obs.tables(obs.data(observations, "tensorflow.devices"), "gpus"):
        return "TensorFlow initializes its GPUs before its first operation, so a broken GPU can break the CPU's as well"
    return "unknown: TensorFlow reports only the message above"
