"""Explain why a GPU that TensorFlow lists does not compute.

Numbers decide if there are any: free memory, GPUs for which the build has code. For everything else TensorFlow reports
only texts, in the exception or in the last lines of its log.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import error_patterns
from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.crash import find_crash
from envkit.checks.gpu import codes, cudnn, inventory, log_lines, operations, warnings
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkit.checks.crash import Crash
    from envkit.checks.error_patterns import ErrorPattern
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

MIN_FREE_MIB = 512  # used by CUDA, cuBLAS and cuDNN before any data is loaded
MEMORY_CAUSE = (
    "the GPU's memory is in use, which could not be measured here; or the driver and these libraries are incompatible"
)
DETAIL_LENGTH = 500
CPU_DEVICE = "CPU:0"
_OTHER_ALLOCATOR = re.compile(r"GPU_([0-9]{1,3})_bfc")


def diagnose(observations: Sequence[Observation], gpus: Iterable[str], release: Release | None) -> Finding:
    """Find out why listed GPUs do not compute.

    Args:
        observations: Observations of the probe, in order.
        gpus: TensorFlow's device names, such as `GPU:0`; one of them does not compute.
        release: TensorFlow release that runs, for the GPUs it was built for.
    """
    devices = tuple(gpus)
    crash = find_crash(observations)
    if crash and not (crash.device.startswith("GPU") or find_gpu_code(observations)):
        crash = None
    for device in devices:
        if detail := operations.describe_reported_fault(observations, device):
            return _explain(observations, device, detail, operations.errors(observations, device), release)
    if crash:
        return _diagnose_crash(observations, crash, release)
    if error := operations.errors(observations, CPU_DEVICE):
        detail = operations.describe_reported_fault(observations, CPU_DEVICE)
        return _explain(observations, devices[0], detail, error, release)
    details = (operations.describe_fault(observations, device) for device in devices)
    return make_finding("gpu/op-failed", next(filter(None, details), ""))


def find_gpu_code(observations: Sequence[Observation]) -> codes.Code | None:
    """Find the GPU's code in the reason of a crash, or in an exception on the CPU; None if there is none.

    TensorFlow initializes its GPUs in its first operation, even in one on the CPU.
    """
    crash = find_crash(observations)
    log = obs.log(observations) if crash and not crash.timed_out else ""
    reason = log_lines.fatal_line(log) or log_lines.last_error(log)
    return codes.find_code(reason or operations.errors(observations, CPU_DEVICE))


def _diagnose_crash(observations: Sequence[Observation], crash: Crash, release: Release | None) -> Finding:
    log, device = obs.log(observations), crash.device or "GPU:0"
    if crash.timed_out:
        return _diagnose_timeout(observations, crash, release)
    fatal_line = log_lines.fatal_line(log)  # the last one is the reason; earlier warnings may be unrelated
    if not fatal_line and codes.find_code(log_lines.last_error(log)):
        fatal_line = log_lines.last_error(log)
    if not fatal_line:
        return make_finding("gpu/op-failed", crash.detail, cause=crash.cause, hint=crash.hint)
    # The reason is at its end.
    detail = f"{crash.detail}: {log_lines.strip_fatal(fatal_line, DETAIL_LENGTH)}"
    finding = _explain(observations, device, detail, fatal_line, release, with_log=False)
    return replace(finding, hint=crash.hint) if finding.cause == "unknown" else finding


def _diagnose_timeout(observations: Sequence[Observation], crash: Crash, release: Release | None) -> Finding:
    if warnings.find_missing_code(observations, crash.device, release):
        return _no_kernel_finding(observations, crash.device, crash.detail, release)
    newer_gpus = warnings.describe_newer_gpus(observations, release)
    detail = f"{crash.detail}; there is no machine code for {newer_gpus}" if newer_gpus else crash.detail
    log = obs.log(observations)
    match = error_patterns.PTX_COMPILATION if newer_gpus else error_patterns.find_pattern(log, error_patterns.TIMEOUTS)
    if match:
        return _match_finding(detail, match)
    return make_finding("gpu/op-failed", detail, cause=crash.cause, hint=crash.hint)


def _explain(
    observations: Sequence[Observation],
    device: str,
    detail: str,
    errors: str,
    release: Release | None,
    *,
    with_log: bool = True,
) -> Finding:
    """Explain by the exception, then by the log around it, and finally by NVIDIA's code."""
    log = _log_of(obs.log(observations), device) if errors and with_log else ""
    match = error_patterns.find_pattern(errors, error_patterns.OPERATION_ERRORS) or error_patterns.find_pattern(
        log, error_patterns.OPERATION_ERRORS
    )
    if match is None:
        return _explain_by_code(detail, codes.find_code(errors) or codes.find_code(log_lines.last_problem(log)))
    if match.check == "gpu/library-fails":
        return _library_finding(observations, device, detail)
    if match.check == "gpu/cudnn-incomplete":
        cause, hint = cudnn.explain_part(f"{errors}\n{log}", release)
        return make_finding(match.check, detail, cause=cause, hint=hint)
    if match.check == "gpu/memory-taken":
        return _memory_finding(observations, device, detail)
    if match.check == "gpu/no-kernel":
        return _no_kernel_finding(observations, device, detail, release)
    return _match_finding(detail, match)


def _no_kernel_finding(
    observations: Sequence[Observation], device: str, detail: str, release: Release | None
) -> Finding:
    """Explain a kernel whose code does not load; other operations may work with the code of cuBLAS and cuDNN."""
    missing_code = warnings.find_missing_code(observations, device, release)
    if missing_code is None:
        return make_finding("gpu/no-kernel", detail)
    return make_finding(
        "gpu/no-kernel",
        f"{detail}; {device} has compute capability {missing_code.capability}: operations of cuBLAS and cuDNN alone "
        "prove nothing there",
        cause=missing_code.cause,
        hint=missing_code.hint,
    )


def _memory_finding(observations: Sequence[Observation], device: str, detail: str) -> Finding:
    """Explain memory that could not be allocated: by another process only if NVML counted it before."""
    if shortage := _memory_shortage(observations, device):
        return make_finding("gpu/memory-taken", f"{detail}; {shortage}")
    gpu = inventory.find_nvml_gpu(observations, device)
    total, used = obs.number(gpu.get("memory_mib")), obs.number(gpu.get("used_mib"))
    if not total or used is None:
        return make_finding("gpu/memory-taken", detail)
    cause = (
        f"the GPU's memory is exhausted, although only {used:.0f} of {total:.0f} MiB were in use before TensorFlow "
        "started: by a process that started since, a limit, or this program"
    )
    return make_finding("gpu/memory-taken", detail, cause=cause)


def _explain_by_code(detail: str, code: codes.Code | None) -> Finding:
    """Explain by NVIDIA's meaning of a code; a code that names no cause leaves it unknown."""
    if code is None:
        return make_finding("gpu/op-failed", detail)
    if not code.hint and not code.check:
        return make_finding("gpu/op-failed", f"{detail}; {code.name}: {code.meaning}")
    return make_finding(code.check or "gpu/op-failed", detail, cause=code.meaning, hint=code.hint or None)


def _log_of(log: str, device: str) -> str:
    """Return the lines of a log that may explain a fault of a device."""
    index = device.rpartition(":")[2]
    lines = log_lines.explaining_text(log).splitlines()
    return "\n".join(line for line in lines if not (m := _OTHER_ALLOCATOR.search(line)) or m[1] == index)


def _library_finding(observations: Sequence[Observation], device: str, detail: str) -> Finding:
    """Explain why cuBLAS or cuDNN cannot be initialized: two causes produce the same texts."""
    if shortage := _memory_shortage(observations, device):
        return make_finding("gpu/memory-taken", f"{detail}; {shortage}")
    return make_finding(
        "gpu/library-fails", detail, cause=None if inventory.find_nvml_gpu(observations, device) else MEMORY_CAUSE
    )


def _match_finding(detail: str, match: ErrorPattern) -> Finding:
    return make_finding(match.check or "gpu/op-failed", detail, cause=match.cause or None, hint=match.hint or None)


def _memory_shortage(observations: Sequence[Observation], device: str) -> str:
    """Describe the memory of a GPU that was in use before TensorFlow started, or return an empty string."""
    gpu = inventory.find_nvml_gpu(observations, device)
    total, used = obs.number(gpu.get("memory_mib")), obs.number(gpu.get("used_mib"))
    if total is None or used is None or total <= 0 or total - used >= MIN_FREE_MIB:
        return ""
    processes = obs.number(gpu.get("processes"))
    suffix = f" by {processes:.0f} process{'' if processes == 1 else 'es'}" if processes else ""
    return single_line(f"{used:.0f} of {total:.0f} MiB were in use{suffix} before TensorFlow started")
