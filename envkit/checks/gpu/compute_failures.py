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
from envkit.checks.gpu import operations, warnings
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
_LOG_PREFIX = re.compile(r"^(?:F\d{4} \S+|\S+ \S+: F) ", re.ASCII)
_FATAL_LINE = re.compile(r"^(?:F\d{4} .*|\S+ \S+: F .*|Could not load library libcudnn.*)$", re.ASCII | re.MULTILINE)


def diagnose(observations: Sequence[Observation], gpus: Iterable[str], release: Release | None) -> Finding:
    """Find out why listed GPUs do not compute.

    Args:
        observations: Observations of the probe, in order.
        gpus: TensorFlow's device names, such as `GPU:0`; one of them does not compute.
        release: TensorFlow release that runs, for the GPUs it was built for.
    """
    devices = tuple(gpus)
    crash = find_crash(observations)
    if crash and not crash.device.startswith("GPU"):
        crash = None
    detail = next(filter(None, (operations.describe_reported_fault(observations, device) for device in devices)), "")
    if not detail and not crash:
        detail = next(filter(None, (operations.describe_fault(observations, device) for device in devices)), "")
    errors = operations.errors(observations)
    if not detail and crash:
        return _diagnose_crash(observations, crash, release)
    return _explain(observations, detail, errors, obs.log(observations) if errors else "")


def _diagnose_crash(observations: Sequence[Observation], crash: Crash, release: Release | None) -> Finding:
    log = obs.log(observations)
    if crash.timed_out:
        newer_gpus = warnings.describe_newer_gpus(observations, release)
        detail = f"{crash.detail}; there is no machine code for {newer_gpus}" if newer_gpus else crash.detail
        match = (
            error_patterns.PTX_COMPILATION if newer_gpus else error_patterns.find_pattern(log, error_patterns.TIMEOUTS)
        )
        return (
            _match_finding(detail, match)
            if match
            else make_finding("gpu/op-failed", detail, cause=crash.cause, hint=crash.hint)
        )
    # The last fatal line is the reason; earlier warnings may be unrelated.
    fatal_lines = _FATAL_LINE.findall(log)
    if not fatal_lines:
        return make_finding("gpu/op-failed", crash.detail, cause=crash.cause, hint=crash.hint)
    message = single_line(_LOG_PREFIX.sub("", fatal_lines[-1]), DETAIL_LENGTH)  # the reason is at its end
    detail = f"{crash.detail}: {message}"
    finding = _explain(observations, detail, fatal_lines[-1], "")
    return replace(finding, hint=crash.hint) if finding.cause == "unknown" else finding


def _explain(observations: Sequence[Observation], detail: str, errors: str, log: str) -> Finding:
    """Explain by the exception, then by the log around it, and finally by the memory counted."""
    match = error_patterns.find_pattern(errors, error_patterns.OPERATION_ERRORS) or error_patterns.find_pattern(
        log, error_patterns.OPERATION_ERRORS
    )
    if match is None:
        return make_finding("gpu/op-failed", detail)
    if match.check == "gpu/library-fails":
        return _library_finding(observations, detail)
    return _match_finding(detail, match)


def _library_finding(observations: Sequence[Observation], detail: str) -> Finding:
    """Explain why cuBLAS or cuDNN cannot be initialized: two causes produce the same texts."""
    if shortage := _memory_shortage(observations):
        return make_finding("gpu/memory-taken", f"{detail}; {shortage}")
    gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    return make_finding("gpu/library-fails", detail, cause=None if gpus else MEMORY_CAUSE)


def _match_finding(detail: str, match: ErrorPattern) -> Finding:
    return make_finding(match.check or "gpu/op-failed", detail, cause=match.cause or None, hint=match.hint or None)


def _memory_shortage(observations: Sequence[Observation]) -> str:
    """Describe a GPU whose memory was in use before TensorFlow started, or return an empty string."""
    for gpu in obs.tables(obs.data(observations, "gpu.nvml"), "gpus"):
        total, used = obs.number(gpu.get("memory_mib")), obs.number(gpu.get("used_mib"))
        if total is not None and used is not None and total > 0 and total - used < MIN_FREE_MIB:
            processes = obs.number(gpu.get("processes"))
            suffix = f" by {processes:.0f} process{'' if processes == 1 else 'es'}" if processes else ""
            return f"{used:.0f} of {total:.0f} MiB were in use{suffix} before TensorFlow started"
    return ""
