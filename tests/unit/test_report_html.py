"""A report as a page."""

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
from tests.unit.reports import AT, FAILED, PASSED, REPORT, SITE


class Page(HTMLParser):
    """What a browser would make of a page: its text, its elements, and whatever it would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.fetches = "", list[str](), list[tuple[str, str]]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetches += [(name, value or "") for name, value in attrs if name in {"src", "href", "onload", "onclick"}]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.proves("a report is a page that needs no network", "real")
def test_a_report_is_one_page_that_fetches_and_runs_nothing() -> None:
    hostile = Finding(
        "gpu/not-listed",
        Verdict.FAILED,
        "<script>alert(1)</script>\x1b[31m",
        cause='"><img src=x onerror=y>',
        hint="a & b",
    )
    trained = Finding(
        "keras/training",
        Verdict.PASSED,
        "fell",
        seconds=2.0,
        data={"losses": [0.7, float("nan"), 0.4, "x", 0.1]},
    )
    page = Page(to_html(replace(REPORT, findings=(*REPORT.findings, hostile, trained)), created_at=AT, check_host=SITE))
    assert "script" not in page.tags
    assert page.fetches == []
    assert page.tags.count("svg") == 2
    for words in ("2 passed, 2 failed", FAILED.hint, hostile.cause, "0.100 after 3 epochs", "2.00 s", r"\x1b[31m"):
        assert words in page.words


def test_a_page_shows_the_gpus_of_a_probe() -> None:
    gpu = Gpu(0, "NVIDIA T4", "GPU-00000001", 16384, 1024, 2, "535.54.03", "7.5")
    words = Page(
        to_html(Report("probe", "vision", ProbeResult("vision", "2.9.0", (gpu,), SITE)), created_at=AT, check_host=SITE)
    ).words
    assert all(one in words for one in ("NVIDIA T4 GPU-00000001", "1024 of 16384 MiB", "535.54.03", "7.5"))


def test_a_page_says_when_it_was_made() -> None:
    assert "2026-11-23 at 10:05 +01:00" in Page(to_html(REPORT, created_at=AT, check_host=SITE)).words


@pytest.mark.parametrize(("subject", "heads"), [("vision", 1), ("", 0)])
def test_a_report_about_nothing_by_name_has_no_heading_of_its_own(subject: str, heads: int) -> None:
    assert Page(to_html(replace(REPORT, subject=subject), created_at=AT, check_host=SITE)).tags.count("h2") == heads


PROBED = Report("probe", "vision", ProbeResult("vision", "2.9.0", (), SITE), (PASSED,))


@pytest.mark.proves("a page begins with its verdict, and says where and when it was made", "real")
@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (REPORT, "failed up of vision: 1 passed, 1 failed; exit code 5"),
        (PROBED, "passed probe of vision: 1 passed; exit code 0"),
        (replace(PROBED, subject="", findings=()), "passed probe: nothing was checked; exit code 0"),
    ],
)
def test_a_page_begins_with_the_verdict(report: Report[Any], verdict: str) -> None:
    words = Page(to_html(report, created_at=AT, check_host=SITE)).words
    assert f"envkit {report.command}\n{verdict}\n" in words  # right after the heading
    assert words.count(verdict.partition(": ")[2].partition(";")[0]) == 1  # and nowhere again


def test_a_page_says_where_and_on_what_it_was_made() -> None:
    page = Page(to_html(PROBED, created_at=AT, check_host=SITE))
    told = ("Hostgpu-box", f"System{SITE.system}", f"Engine{SITE.engine}", "TensorFlow2.9.0", "Time2026-11-23 at")
    assert [words for words in told if words not in page.words] == []


def test_what_is_not_known_of_a_host_is_left_out() -> None:
    words = Page(to_html(Report("probe", "vision", None), created_at=AT, check_host=CheckHost())).words
    assert not [one for one in ("Host", "System", "Engine", "TensorFlow2") if one in words]


def test_hostile_words_of_an_engine_or_image_do_nothing() -> None:
    evil = "<script>alert(1)</script>\x1b[31m"
    tried = Report("smoke", evil, SubjectResult(evil, evil, ExitCode.OK, (), evil), (), ExitCode.OK)
    page = Page(to_html(Report("smoke", evil, None), [tried], created_at=AT, check_host=CheckHost(evil, evil, evil)))
    assert "script" not in page.tags
    assert "\x1b" not in page.words


def test_of_several_images_the_worst_decides_and_each_has_its_section() -> None:
    one, other = (
        Report("smoke", ref, SubjectResult(ref, "", code, found, release), found, code)
        for ref, code, found, release in (
            ("a:1", ExitCode.OK, (PASSED,), "2.9.0"),
            ("b:1", ExitCode.GPU, (FAILED,), "2.15.1"),
        )
    )
    whole = Report("smoke", "a:1 b:1", None, (PASSED, FAILED), ExitCode.GPU)
    page = Page(to_html(whole, [one, other], created_at=AT, check_host=SITE))
    assert "failed smoke of a:1 b:1: 1 passed, 1 failed; exit code 5" in page.words
    assert "TensorFlow2.9.0, 2.15.1" in page.words
    assert "TensorFlow 2.9.0: 1 passed\n" in page.words
    assert "TensorFlow 2.15.1: 1 failed\n" in page.words
    assert page.tags.count("section") == 2
