"""A report for CI systems: JUnit's XML, one test case for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from envkit.model.report import Verdict
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envkit.model.report import CheckHost, Finding, Report

UNKNOWN_HOST = "localhost"  # what the form asks for where the name of the host cannot be told


def to_junit(reports: Sequence[Report[Any]], *, created_at: datetime, check_host: CheckHost) -> str:
    """Return reports as one JUnit document, a suite for each.

    Args:
        reports: What to tell.
        created_at: When they were made.
        check_host: Where.
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
        time=f"{sum(one.seconds for one in findings):.3f}",
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
        return escape_controls(finding.detail)  # its row's usual cause and hint are of when it fails
    detail = f"warned: {finding.detail}" if finding.status is Verdict.WARNED else finding.detail
    parts = (detail, finding.cause and f"cause: {finding.cause}", finding.hint and f"hint: {finding.hint}")
    return escape_controls("\n".join(part for part in parts if part))
