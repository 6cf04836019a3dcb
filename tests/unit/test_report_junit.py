"""Report as JUnit XML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from envkit.model.report import CheckHost, Finding, Report, Verdict
from envkit.report.junit import to_junit
from tests.support.report_samples import CHECK_HOST, CREATED_AT, FAILED, PASSED, REPORT


def junit(report: Report[Any], check_host: CheckHost = CHECK_HOST) -> ElementTree.Element:
    return ElementTree.fromstring(to_junit([report], created_at=CREATED_AT, check_host=check_host))  # noqa: S314


@pytest.mark.proves("findings are written as JUnit XML", "real")
def test_suite_has_one_case_per_finding() -> None:
    skipped = Finding("gpu/device-missing", Verdict.SKIPPED, "no NVIDIA GPU in this machine", layer="host")
    hostile = Finding("gpu/not-listed", Verdict.UNKNOWN, "\x1b[31mred\x00 & <b>", layer="tensorflow")
    (suite,) = junit(replace(REPORT, findings=(*REPORT.findings, skipped, hostile)))
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "envkit up vision",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "0.500",
    }
    assert [(case.get("classname"), case.get("name"), [element.tag for element in case]) for case in suite] == [
        ("up.tensorflow", "tensorflow/computes", ["system-out"]),
        ("up.gpu", "gpu/driver-missing", ["failure"]),
        ("up.gpu", "gpu/device-missing", ["skipped"]),
        ("up.gpu", "gpu/not-listed", ["error"]),
    ]
    failure = suite[1][0]
    assert failure.get("message") == FAILED.detail
    assert failure.text == f"{FAILED.detail}\ncause: {FAILED.cause}\nhint: {FAILED.hint}"
    assert suite[3][0].get("message") == r"\x1b[31mred\x00 & <b>"


def test_suite_has_its_time() -> None:
    (suite,) = junit(REPORT)
    assert suite.get("timestamp") == "2026-11-23T10:05:07+01:00"


def test_passed_case_has_no_cause_and_no_hint() -> None:
    passed = replace(PASSED, cause="a package was installed later", hint="rebuild the image")
    (suite,) = junit(replace(REPORT, findings=(passed,)))
    assert suite[0][0].text == PASSED.detail


def test_warning_is_marked_in_the_case_output() -> None:
    warned = replace(FAILED, status=Verdict.WARNED)
    (suite,) = junit(replace(REPORT, findings=(warned,)))
    assert (suite.get("failures"), suite[0][0].tag) == ("0", "system-out")
    assert (suite[0][0].text or "").startswith(f"warned: {FAILED.detail}\n")


def test_suite_names_its_host() -> None:
    for host, expected in (("gpu-box", "gpu-box"), ("\x1b[2J", r"\x1b[2J"), ("", "localhost")):
        (suite,) = junit(REPORT, CheckHost(host))
        assert suite.get("hostname") == expected


# JUnit XML schemas of Ant and of Jenkins' xUnit plugin: attributes that one of them requires, and that both allow.
REQUIRED = {
    "testsuites": set[str](),
    "testsuite": {"name", "timestamp", "hostname", "tests", "failures", "errors", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type"},
    "error": {"type"},
    "skipped": set[str](),
    "system-out": set[str](),
}
ALLOWED = {
    "testsuites": {"name"},
    "testsuite": {"skipped"},
    "failure": {"message"},
    "error": {"message"},
    "skipped": {"type", "message"},
}


def test_attributes_match_the_junit_schemas() -> None:
    findings = tuple(Finding("gpu/not-listed", status, "detail") for status in Verdict)
    root = junit(replace(REPORT, findings=findings))
    for element in root.iter():
        required = REQUIRED[element.tag]
        assert required <= set(element.keys()) <= required | ALLOWED.get(element.tag, set()), element.tag
    assert {element.tag for element in root.iter()} == REQUIRED.keys()
