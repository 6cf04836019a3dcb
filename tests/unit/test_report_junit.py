"""A report as JUnit's XML."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from envkit.model.report import CheckHost, Finding, Verdict
from envkit.report.junit import to_junit
from tests.unit.reports import AT, FAILED, PASSED, REPORT, SITE


@pytest.mark.proves("findings are written as JUnit's XML", "real")
def test_a_report_is_a_junit_suite_with_a_case_for_each_finding() -> None:
    skipped = Finding("gpu/device-missing", Verdict.SKIPPED, "no NVIDIA GPU in this machine", layer="host")
    odd = Finding("gpu/not-listed", Verdict.UNKNOWN, "\x1b[31mred\x00 & <b>", layer="tensorflow")
    reports = [replace(REPORT, findings=(*REPORT.findings, skipped, odd))]
    root = ElementTree.fromstring(to_junit(reports, created_at=AT, check_host=SITE))  # noqa: S314
    (suite,) = root
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "envkit up vision",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "0.500",
    }
    assert [(case.get("classname"), case.get("name"), [one.tag for one in case]) for case in suite] == [
        ("up.tensorflow", "tensorflow/computes", ["system-out"]),
        ("up.gpu", "gpu/driver-missing", ["failure"]),
        ("up.gpu", "gpu/device-missing", ["skipped"]),
        ("up.gpu", "gpu/not-listed", ["error"]),
    ]
    told = suite[1][0]
    assert told.get("message") == FAILED.detail
    assert told.text == f"{FAILED.detail}\ncause: {FAILED.cause}\nhint: {FAILED.hint}"
    assert suite[3][0].get("message") == r"\x1b[31mred\x00 & <b>"


def test_a_suite_says_when_it_was_made() -> None:
    (suite,) = ElementTree.fromstring(to_junit([REPORT], created_at=AT, check_host=SITE))  # noqa: S314
    assert suite.get("timestamp") == "2026-11-23T10:05:07+01:00"


def test_what_passed_has_no_cause_and_no_hint_in_junit() -> None:
    usual = replace(PASSED, cause="something was installed later", hint="build the image anew")
    (suite,) = ElementTree.fromstring(to_junit([replace(REPORT, findings=(usual,))], created_at=AT, check_host=SITE))  # noqa: S314
    assert suite[0][0].text == PASSED.detail


def test_a_warning_says_that_it_is_one_in_junit_which_has_no_word_for_it() -> None:
    warned = replace(FAILED, status=Verdict.WARNED)
    (suite,) = ElementTree.fromstring(to_junit([replace(REPORT, findings=(warned,))], created_at=AT, check_host=SITE))  # noqa: S314
    assert (suite.get("failures"), suite[0][0].tag) == ("0", "system-out")
    assert (suite[0][0].text or "").startswith(f"warned: {FAILED.detail}\n")


@pytest.mark.parametrize(("host", "told"), [("gpu-box", "gpu-box"), ("\x1b[2J", r"\x1b[2J"), ("", "localhost")])
def test_a_suite_says_on_which_host_it_was_made(host: str, told: str) -> None:
    (suite,) = ElementTree.fromstring(to_junit([REPORT], created_at=AT, check_host=CheckHost(host)))  # noqa: S314
    assert suite.get("hostname") == told


# Of the forms that Ant and Jenkins' xUnit plugin have of JUnit's XML: what one asks for, and what both let be.
ASKED = {
    "testsuites": set[str](),
    "testsuite": {"name", "timestamp", "hostname", "tests", "failures", "errors", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type"},
    "error": {"type"},
    "skipped": set[str](),
    "system-out": set[str](),
}
LEFT = {
    "testsuites": {"name"},
    "testsuite": {"skipped"},
    "failure": {"message"},
    "error": {"message"},
    "skipped": {"type", "message"},
}


def test_every_attribute_is_one_that_readers_of_junit_know_and_none_that_they_need_is_missing() -> None:
    findings = tuple(Finding("gpu/not-listed", status, "seen") for status in Verdict)
    root = ElementTree.fromstring(to_junit([replace(REPORT, findings=findings)], created_at=AT, check_host=SITE))  # noqa: S314
    for one in root.iter():
        assert ASKED[one.tag] <= set(one.keys()) <= ASKED[one.tag] | LEFT.get(one.tag, set()), one.tag
    assert {one.tag for one in root.iter()} == ASKED.keys()
