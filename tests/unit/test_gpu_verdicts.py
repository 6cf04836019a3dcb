"""Each fault of a GPU has the verdict that its evidence supports, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import checks
from envkit.model.report import Verdict
from tests.support import gpu_verdicts

if TYPE_CHECKING:
    from envkit.model.report import Finding


def mismatches(finding: Finding, expected: dict[str, Any]) -> list[str]:
    """Return what a finding lacks, or says although it must not."""
    texts = {"detail": finding.detail, "cause": finding.cause, "hint": finding.hint}
    lacking = [f"{key}: {expected[key]}" for key, text in texts.items() if expected.get(key, "") not in text]
    everything = " ".join(texts.values())
    return lacking + [f"not: {text}" for text in expected.get("never", ()) if text in everything]


def test_each_fault_has_its_verdict() -> None:
    for name, case in gpu_verdicts.load_cases().items():
        findings = gpu_verdicts.judge(case)
        found = {finding.check: finding for finding in findings}
        for check, expected in case["expected"].items():
            assert check in found, (name, [(finding.check, finding.detail) for finding in findings])
            assert found[check].status.value == expected["status"], (name, found[check])
            assert not mismatches(found[check], expected), (name, found[check])
        assert not set(case.get("absent", ())) & found.keys(), name
        failed = {finding.check for finding in findings if finding.status is Verdict.FAILED}
        assert failed <= set(case["expected"]), (name, failed)
        assert checks.exit_code(findings) == case["exit_code"], name


def test_each_failed_gpu_finding_has_cause_and_hint() -> None:
    for name, case in gpu_verdicts.load_cases().items():
        for finding in gpu_verdicts.judge(case):
            assert finding.status is not Verdict.FAILED or (finding.cause and finding.hint), (name, finding)
