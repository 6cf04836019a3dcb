"""Why a GPU that TensorFlow lists does not compute.

Numbers decide where there are any: how much memory is taken, for which GPUs the build has code. Of what is left
TensorFlow says nothing but texts, in the exception or in the last words of its log.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import error_patterns
from envkit.checks import observations as obs
from envkit.checks.crash import find_crash
from envkit.checks.gpu import operations, warnings
from envkit.checks.table import make_finding
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkit.checks.crash import Crash
    from envkit.checks.error_patterns import ErrorPattern
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

MIN_FREE_MIB = 512  # what CUDA, cuBLAS and cuDNN take before there is any data
MEMORY_CAUSE = "the GPU's memory is taken, which nothing here could count; or the driver and these libraries do not fit"
DETAIL_LENGTH = 500
_LOG_PREFIX = re.compile(r"^(?:F\d{4} \S+|\S+ \S+: F) ", re.ASCII)
_FATAL_LINE = re.compile(r"^(?:F\d{4} .*|\S+ \S+: F .*|Could not load library libcudnn.*)$", re.ASCII | re.MULTILINE)


def diagnose(observations: Sequence[Observation], gpus: Iterable[str], release: Release | None) -> Finding:
    """Return what keeps listed GPUs from computing.

    Args:
        observations: What the probe saw, in its order.
        gpus: What TensorFlow calls them, such as `GPU:0`; one of them does not compute.
        release: The TensorFlow release that runs, for what it was built for.
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
    # The last words are why it ended; what was warned of before may be something else.
    fatal_lines = _FATAL_LINE.findall(log)
    if not fatal_lines:
        return make_finding("gpu/op-failed", crash.detail, cause=crash.cause, hint=crash.hint)
    detail = f"{crash.detail}: {single_line(_LOG_PREFIX.sub('', fatal_lines[-1]), DETAIL_LENGTH)}"  # what was wrong stands at its end
    finding = _explain(observations, detail, fatal_lines[-1], "")
    return replace(finding, hint=crash.hint) if finding.cause == "unknown" else finding


def _explain(observations: Sequence[Observation], detail: str, errors: str, log: str) -> Finding:
    """Explain by what the exception says, then by the log around it; what that leaves open, by what was counted."""
    match = error_patterns.find_pattern(errors, error_patterns.OPERATION_ERRORS) or error_patterns.find_pattern(
        log, error_patterns.OPERATION_ERRORS
    )
    if match is None:
        return make_finding("gpu/op-failed", detail)
    if match.check == "gpu/library-fails":
        return _library_finding(observations, detail)
    return _match_finding(detail, match)


def _library_finding(observations: Sequence[Observation], detail: str) -> Finding:
    """Tell why cuBLAS or cuDNN cannot be set up: the texts of it are the same for two causes."""
    if shortage := _memory_shortage(observations):
        return make_finding("gpu/memory-taken", f"{detail}; {shortage}")
    gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    return make_finding("gpu/library-fails", detail, cause=None if gpus else MEMORY_CAUSE)


def _match_finding(detail: str, match: ErrorPattern) -> Finding:
    return make_finding(match.check or "gpu/op-failed", detail, cause=match.cause or None, hint=match.hint or None)


def _memory_shortage(observations: Sequence[Observation]) -> str:
    """Return that some GPU's memory was taken before TensorFlow came, in words, or nothing."""
    for gpu in obs.tables(obs.data(observations, "gpu.nvml"), "gpus"):
        total, used = obs.number(gpu.get("memory_mib")), obs.number(gpu.get("used_mib"))
        if total is not None and used is not None and total > 0 and total - used < MIN_FREE_MIB:
            processes = obs.number(gpu.get("processes"))
            suffix = f" by {processes:.0f} process{'' if processes == 1 else 'es'}" if processes else ""
            return f"{used:.0f} of {total:.0f} MiB were taken{suffix} before TensorFlow began"
    return ""
