"""Report as JUnit XML for CI systems, with one test case per finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from envkit.model.report import Verdict
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envkit.model.report import CheckHost, Finding, Report

UNKNOWN_HOST = "localhost"  # the value that the JUnit schema requires for an unknown host


def to_junit(reports: Sequence[Report[Any]], *, created_at: datetime, check_host: CheckHost) -> str:
    """Format reports as one JUnit document with a test suite per report.

    Args:
        reports: Reports to format.
        created_at: Time of the checks.
        check_host: Host that was checked.
    """
    root = ElementTree.Element("testsuites", name="envkit")
    for report in reports:
        root.append(_build_suite(report, created_at, check_host))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _build_suite(report: Report[Any], created_at: datetime, check_host: CheckHost) -> ElementTree.Element:
    findings = report.findings
    counts = {status: sum(finding.status is status for finding in findings) for status in Verdict}
    suite = ElementTree.Element(
        "testsuite",
        name=escape_controls(f"envkit {report.command} {report.subject}".strip()),
        tests=str(len(findings)),
        failures=str(counts[Verdict.FAILED]),
        errors=str(counts[Verdict.UNKNOWN]),
        skipped=str(counts[Verdict.SKIPPED]),
        time=f"{sum(finding.seconds for finding in findings):.3f}",
        timestamp=created_at.isoformat(timespec="seconds"),
        hostname=escape_controls(check_host.host) or UNKNOWN_HOST,
    )
    suite.extend(_build_case(finding, report) for finding in findings)
    return suite


def _build_case(finding: Finding, report: Report[Any]) -> ElementTree.Element:
    topic, _, _ = finding.check.partition("/")
    case = ElementTree.Element(
        "testcase",
        classname=escape_controls(f"{report.command}.{topic}"),
        name=escape_controls(finding.check),
        time=f"{finding.seconds:.3f}",
    )
    tag = {Verdict.FAILED: "failure", Verdict.UNKNOWN: "error", Verdict.SKIPPED: "skipped"}.get(finding.status)
    if tag is not None:
        element = ElementTree.SubElement(
            case, tag, type=escape_controls(finding.check), message=escape_controls(finding.detail)
        )
        element.text = _format_finding(finding)
    else:
        ElementTree.SubElement(case, "system-out").text = _format_finding(finding)
    return case


def _format_finding(finding: Finding) -> str:
    if finding.status is Verdict.PASSED:
        return escape_controls(finding.detail)  # cause and hint apply only to a failure
    detail = f"warned: {finding.detail}" if finding.status is Verdict.WARNED else finding.detail
    parts = (detail, finding.cause and f"cause: {finding.cause}", finding.hint and f"hint: {finding.hint}")
    return escape_controls("\n".join(part for part in parts if part))
