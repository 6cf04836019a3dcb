"""What a set of findings amounts to: one line, and one exit code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envkit.errors import Exit
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding

PROOFS = ("gpu/usable", "tensorflow/computes")


def verdict(findings: Sequence[Finding]) -> str:
    """Return the one line that says how things stand: what failed first, or else the best that was proven."""
    failed = [one for one in findings if one.status is Verdict.FAILED]
    if failed:
        return f"{failed[0].check}: {failed[0].seen}"
    proven = {one.check: one.seen for one in findings if one.status is Verdict.PASSED}
    return next((proven[check] for check in PROOFS if check in proven), "not proven")


def withstood(findings: Sequence[Finding]) -> str:
    """Return what came of all checks, in one line; what was not tried did not withstand."""
    count = Counter(one.status for one in findings)
    untried, left_out = count[Verdict.UNKNOWN], count[Verdict.SKIPPED]
    more = f"; {count[Verdict.WARNED]} warned" if count[Verdict.WARNED] else ""
    more += f"; {untried} could not be tried" if untried else ""
    more += f"; {left_out} skipped" if left_out else ""
    if count[Verdict.FAILED]:
        return f"{count[Verdict.FAILED]} of {len(findings)} checks failed{more}"
    return f"withstood: {count[Verdict.PASSED]} of {len(findings)} checks{more}"


def ready(findings: Sequence[Finding]) -> str:
    """Return how a host stands, in one line."""
    count = Counter(one.status for one in findings)
    if not count[Verdict.FAILED] + count[Verdict.WARNED]:
        return "this host is ready"
    return f"{count[Verdict.FAILED]} failed, {count[Verdict.WARNED]} warned"


def exit_code(findings: Sequence[Finding], *, gpu_expected: bool = True, all_tried: bool = False) -> Exit:
    """Return what a command with these findings exits with.

    Args:
        findings: What was judged. A GPU check fails where a GPU was required; otherwise it warns or is skipped.
        gpu_expected: Whether one that fails has the code of its own, or is a failed check like any other.
        all_tried: Whether one that could not be tried is as bad as one that failed; what was left out never is.
    """
    failed = [one.check for one in findings if one.status is Verdict.FAILED]
    if gpu_expected and any(check.startswith("gpu/") for check in failed):
        return Exit.GPU
    untried = all_tried and any(one.status is Verdict.UNKNOWN for one in findings)
    return Exit.CHECK_FAILED if failed or untried else Exit.OK
