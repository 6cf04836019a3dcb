"""Summarize a set of findings as one line and one exit code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envkit.errors import ExitCode
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding

PROOF_CHECKS = ("gpu/usable", "tensorflow/computes")


def summarize(findings: Sequence[Finding]) -> str:
    """Summarize the findings of a probe in one line: the first failure, otherwise the strongest proof."""
    failures = [finding for finding in findings if finding.status is Verdict.FAILED]
    if failures:
        return f"{failures[0].check}: {failures[0].detail}"
    details = {finding.check: finding.detail for finding in findings if finding.status is Verdict.PASSED}
    return next((details[check_id] for check_id in PROOF_CHECKS if check_id in details), "not proven")


def summarize_audit(findings: Sequence[Finding]) -> str:
    """Summarize the findings of an audit in one line; a check that was not tried does not count as withstood."""
    counts = Counter(finding.status for finding in findings)
    unknown, skipped = counts[Verdict.UNKNOWN], counts[Verdict.SKIPPED]
    suffix = f"; {counts[Verdict.WARNED]} warned" if counts[Verdict.WARNED] else ""
    suffix += f"; {unknown} could not be tried" if unknown else ""
    suffix += f"; {skipped} skipped" if skipped else ""
    if counts[Verdict.FAILED]:
        return f"{counts[Verdict.FAILED]} of {len(findings)} checks failed{suffix}"
    return f"withstood: {counts[Verdict.PASSED]} of {len(findings)} checks{suffix}"


def summarize_host(findings: Sequence[Finding]) -> str:
    """Summarize the findings about a host in one line."""
    counts = Counter(finding.status for finding in findings)
    if not counts[Verdict.FAILED] + counts[Verdict.WARNED]:
        return "this host is ready"
    return f"{counts[Verdict.FAILED]} failed, {counts[Verdict.WARNED]} warned"


def exit_code(findings: Sequence[Finding], *, gpu_expected: bool = True, fail_on_unknown: bool = False) -> ExitCode:
    """Return the exit code of a command with these findings.

    Args:
        findings: Findings. A GPU check fails only if a GPU was required; otherwise it warns or is skipped.
        gpu_expected: Whether a failed GPU check has its own exit code.
        fail_on_unknown: Whether an unknown finding counts as failed; a skipped one never does.
    """
    failed_checks = [finding.check for finding in findings if finding.status is Verdict.FAILED]
    if gpu_expected and any(check_id.startswith("gpu/") for check_id in failed_checks):
        return ExitCode.GPU
    has_unknown = fail_on_unknown and any(finding.status is Verdict.UNKNOWN for finding in findings)
    return ExitCode.CHECK_FAILED if failed_checks or has_unknown else ExitCode.OK
