"""Report as an HTML page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from envkit.checks.gpu.inventory import Gpu
from envkit.commands.probe import ProbeResult
from envkit.commands.smoke import SubjectResult
from envkit.errors import ExitCode
from envkit.model.report import CheckHost, Finding, Report, Verdict
from envkit.report.html import to_html
from tests.support.report_samples import CHECK_HOST, CREATED_AT, FAILED, PASSED, REPORT

ACTIVE_ATTRIBUTES = {"src", "href", "onload", "onclick", "onerror"}
PROBED = Report("probe", "vision", ProbeResult("vision", "2.9.0", (), CHECK_HOST), (PASSED,))


class Page(HTMLParser):
    """Text, elements and attributes of a page that would load or run something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.active_attributes = "", list[str](), list[tuple[str, str | None]]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.active_attributes += [(name, value) for name, value in attrs if name in ACTIVE_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(report: Report[Any], suites: list[Report[Any]] | None = None, check_host: CheckHost = CHECK_HOST) -> Page:
    return Page(to_html(report, suites or (), created_at=CREATED_AT, check_host=check_host))


@pytest.mark.proves("an HTML report needs no network", "real")
def test_page_loads_and_runs_nothing() -> None:
    hostile = Finding(
        "gpu/not-listed",
        Verdict.FAILED,
        "<script>alert(1)</script>\x1b[31m",
        cause='"><img src=x onerror=y>',
        hint="a & b",
    )
    training = Finding(
        "keras/training",
        Verdict.PASSED,
        "fell",
        seconds=2.0,
        data={"losses": [0.7, float("nan"), 0.4, "x", 0.1]},
    )
    shown = page(replace(REPORT, findings=(*REPORT.findings, hostile, training)))
    assert "script" not in shown.tags
    assert shown.active_attributes == []
    assert shown.tags.count("svg") == 2
    for text in ("2 passed, 2 failed", FAILED.hint, hostile.cause, "0.100 after 3 epochs", "2.00 s", r"\x1b[31m"):
        assert text in shown.text, text


def test_page_escapes_engine_and_image_names() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m"
    suite = Report("smoke", hostile, SubjectResult(hostile, hostile, ExitCode.OK, (), hostile), (), ExitCode.OK)
    shown = page(Report("smoke", hostile, None), [suite], CheckHost(hostile, hostile, hostile))
    assert "script" not in shown.tags
    assert "\x1b" not in shown.text


def test_page_shows_gpus_of_a_probe() -> None:
    gpu = Gpu(0, "NVIDIA T4", "GPU-00000001", 16384, 1024, 2, "535.54.03", "7.5")
    text = page(Report("probe", "vision", ProbeResult("vision", "2.9.0", (gpu,), CHECK_HOST))).text
    for cell in ("NVIDIA T4 GPU-00000001", "1024 of 16384 MiB", "535.54.03", "7.5"):
        assert cell in text, cell


def test_page_has_a_heading_only_for_a_named_subject() -> None:
    for subject, count in (("vision", 1), ("", 0)):
        assert page(replace(REPORT, subject=subject)).tags.count("h2") == count, subject


@pytest.mark.proves("an HTML report begins with its verdict, its host and its time", "real")
def test_page_begins_with_the_verdict() -> None:
    for report, verdict in (
        (REPORT, "failed up of vision: 1 passed, 1 failed; exit code 5"),
        (PROBED, "passed probe of vision: 1 passed; exit code 0"),
        (replace(PROBED, subject="", findings=()), "passed probe: nothing was checked; exit code 0"),
    ):
        text = page(report).text
        assert f"envkit {report.command}\n{verdict}\n" in text, verdict
        counts = verdict.partition(": ")[2].partition(";")[0]
        assert text.count(counts) == 1, verdict


@pytest.mark.proves("an HTML report begins with its verdict, its host and its time", "real")
def test_page_shows_known_facts_of_its_origin() -> None:
    text = page(PROBED).text
    for fact in (
        "Hostgpu-box",
        f"System{CHECK_HOST.system}",
        f"Engine{CHECK_HOST.engine}",
        "TensorFlow2.9.0",
        "Time2026-11-23 at 10:05 +01:00",
    ):
        assert fact in text, fact
    text = page(Report("probe", "vision", None), check_host=CheckHost()).text
    for label in ("Host", "System", "Engine", "TensorFlow2"):
        assert label not in text, label


def test_page_of_several_images_has_a_section_for_each() -> None:
    suites = [
        Report("smoke", ref, SubjectResult(ref, "", code, findings, release), findings, code)
        for ref, code, findings, release in (
            ("a:1", ExitCode.OK, (PASSED,), "2.9.0"),
            ("b:1", ExitCode.GPU, (FAILED,), "2.15.1"),
        )
    ]
    shown = page(Report("smoke", "a:1 b:1", None, (PASSED, FAILED), ExitCode.GPU), suites)
    for text in (
        "failed smoke of a:1 b:1: 1 passed, 1 failed; exit code 5",
        "TensorFlow2.9.0, 2.15.1",
        "TensorFlow 2.9.0: 1 passed\n",
        "TensorFlow 2.15.1: 1 failed\n",
    ):
        assert text in shown.text, text
    assert shown.tags.count("section") == 2
