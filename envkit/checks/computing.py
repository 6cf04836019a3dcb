"""Why a GPU that TensorFlow lists does not compute.

Numbers decide where there are any: how much memory is taken, for which GPUs the build has code. Of what is left
TensorFlow says nothing but texts, in the exception or in the last words of its log.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks import operations, signatures, slower
from envkit.checks.ending import ending
from envkit.checks.table import finding
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkit.checks.ending import Ending
    from envkit.checks.signatures import Signature
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

LEAST_MIB = 512  # what CUDA, cuBLAS and cuDNN take before there is any data
UNCOUNTED = "the GPU's memory is taken, which nothing here could count; or the driver and these libraries do not fit"
WORDS = 500
_DATE = re.compile(r"^(?:F\d{4} \S+|\S+ \S+: F) ", re.ASCII)
_FATAL = re.compile(r"^(?:F\d{4} .*|\S+ \S+: F .*|Could not load library libcudnn.*)$", re.ASCII | re.MULTILINE)


def fault(observations: Sequence[Observation], gpus: Iterable[str], release: Release | None) -> Finding:
    """Return what keeps listed GPUs from computing.

    Args:
        observations: What the probe saw, in its order.
        gpus: What TensorFlow calls them, such as `GPU:0`; one of them does not compute.
        release: The TensorFlow release that runs, for what it was built for.
    """
    names = tuple(gpus)
    ended = ending(observations)
    if ended and not ended.device.startswith("GPU"):
        ended = None
    wrong = next(filter(None, (operations.reported(observations, one) for one in names)), "")
    if not wrong and not ended:
        wrong = next(filter(None, (operations.fault(observations, one) for one in names)), "")
    said = operations.errors(observations)
    if not wrong and ended:
        return _ended(observations, ended, release)
    return _explained(observations, wrong, said, look.log(observations) if said else "")


def _ended(observations: Sequence[Observation], ended: Ending, release: Release | None) -> Finding:
    log = look.log(observations)
    if ended.too_long:
        compiled = slower.newer(observations, release)
        seen = f"{ended.seen}; there is no machine code for {compiled}" if compiled else ended.seen
        known = signatures.COMPILES if compiled else signatures.recognise(log, signatures.TOO_LONG)
        return _finding(seen, known) if known else finding("gpu/op-failed", seen, cause=ended.cause, mend=ended.mend)
    # The last words are why it ended; what was warned of before may be something else.
    words = _FATAL.findall(log)
    if not words:
        return finding("gpu/op-failed", ended.seen, cause=ended.cause, mend=ended.mend)
    seen = f"{ended.seen}: {line(_DATE.sub('', words[-1]), WORDS)}"  # what was wrong stands at its end
    found = _explained(observations, seen, words[-1], "")
    return replace(found, mend=ended.mend) if found.cause == "unknown" else found


def _explained(observations: Sequence[Observation], seen: str, said: str, log: str) -> Finding:
    """Explain by what the exception says, then by the log around it; what that leaves open, by what was counted."""
    known = signatures.recognise(said, signatures.OPERATION) or signatures.recognise(log, signatures.OPERATION)
    if known is None:
        return finding("gpu/op-failed", seen)
    if known.check == "gpu/library-fails":
        return _library(observations, seen)
    return _finding(seen, known)


def _library(observations: Sequence[Observation], seen: str) -> Finding:
    """Tell why cuBLAS or cuDNN cannot be set up: the texts of it are the same for two causes."""
    if short := _short(observations):
        return finding("gpu/memory-taken", f"{seen}; {short}")
    counted = look.tables(look.data(observations, "gpu.nvml"), "gpus")
    return finding("gpu/library-fails", seen, cause=None if counted else UNCOUNTED)


def _finding(seen: str, known: Signature) -> Finding:
    return finding(known.check or "gpu/op-failed", seen, cause=known.cause or None, mend=known.mend or None)


def _short(observations: Sequence[Observation]) -> str:
    """Return that some GPU's memory was taken before TensorFlow came, in words, or nothing."""
    for gpu in look.tables(look.data(observations, "gpu.nvml"), "gpus"):
        total, used = look.number(gpu.get("memory_mib")), look.number(gpu.get("used_mib"))
        if total is not None and used is not None and total > 0 and total - used < LEAST_MIB:
            others = look.number(gpu.get("processes"))
            by = f" by {others:.0f} process{'' if others == 1 else 'es'}" if others else ""
            return f"{used:.0f} of {total:.0f} MiB were taken{by} before TensorFlow began"
    return ""
