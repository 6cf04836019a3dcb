"""A report for CI systems: JUnit's XML, one test case for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from envkit.model.report import Verdict
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envkit.model.report import Finding, Report, Site

UNNAMED = "localhost"  # what the form asks for where the name of the host cannot be told


def to_junit(reports: Sequence[Report[Any]], *, at: datetime, site: Site) -> str:
    """Return reports as one JUnit document, a suite for each.

    Args:
        reports: What to tell.
        at: When they were made.
        site: Where.
    """
    root = ElementTree.Element("testsuites", name="envkit")
    for report in reports:
        root.append(_suite(report, at, site))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report[Any], at: datetime, site: Site) -> ElementTree.Element:
    findings = report.findings
    counts = {status: sum(one.status is status for one in findings) for status in Verdict}
    suite = ElementTree.Element(
        "testsuite", name=plain(f"envkit {report.command} {report.subject}".strip()), tests=str(len(findings)),
        failures=str(counts[Verdict.FAILED]), errors=str(counts[Verdict.UNKNOWN]), skipped=str(counts[Verdict.SKIPPED]),
        time=f"{sum(one.seconds for one in findings):.3f}", timestamp=at.isoformat(timespec="seconds"),
        hostname=plain(site.host) or UNNAMED,
    )
    suite.extend(_case(one, report) for one in findings)
    return suite


def _case(finding: Finding, report: Report[Any]) -> ElementTree.Element:
    topic, _, _ = finding.check.partition("/")
    case = ElementTree.Element(
        "testcase", classname=plain(f"{report.command}.{topic}"), name=plain(finding.check),
        time=f"{finding.seconds:.3f}",
    )
    kind = {Verdict.FAILED: "failure", Verdict.UNKNOWN: "error", Verdict.SKIPPED: "skipped"}.get(finding.status)
    if kind is not None:
        told = ElementTree.SubElement(case, kind, type=plain(finding.check), message=plain(finding.seen))
        told.text = _words(finding)
    else:
        ElementTree.SubElement(case, "system-out").text = _words(finding)
    return case


def _words(finding: Finding) -> str:
    if finding.status is Verdict.PASSED:
        return plain(finding.seen)  # its row's usual cause and mend are of when it fails
    seen = f"warned: {finding.seen}" if finding.status is Verdict.WARNED else finding.seen
    parts = (seen, finding.cause and f"cause: {finding.cause}", finding.mend and f"mend: {finding.mend}")
    return plain("\n".join(part for part in parts if part))
