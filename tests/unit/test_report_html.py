"""A report as a page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from envkit.checks.gpus import Gpu
from envkit.commands.probe import Probed
from envkit.model.report import Finding, Report, Verdict
from envkit.report.html import to_html
from tests.unit.reports import AT, FAILED, REPORT


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
        "gpu/not-listed", Verdict.FAILED, "<script>alert(1)</script>\x1b[31m",
        cause='"><img src=x onerror=y>', mend="a & b",
    )
    trained = Finding(
        "keras/training", Verdict.PASSED, "fell", seconds=2.0, data={"losses": [0.7, float("nan"), 0.4, "x", 0.1]},
    )
    page = Page(to_html([replace(REPORT, findings=(*REPORT.findings, hostile, trained))], at=AT))
    assert "script" not in page.tags
    assert page.fetches == []
    assert page.tags.count("svg") == 2
    for words in ("2 passed, 2 failed", FAILED.mend, hostile.cause, "0.100 after 3 epochs", "2.00 s", r"\x1b[31m"):
        assert words in page.words


def test_a_page_shows_the_gpus_of_a_probe() -> None:
    gpu = Gpu(0, "NVIDIA T4", "GPU-00000001", 16384, 1024, 2, "535.54.03", "7.5")
    words = Page(to_html([Report("probe", "vision", Probed("vision", "2.9.0", (gpu,)))], at=AT)).words
    assert all(one in words for one in ("NVIDIA T4 GPU-00000001", "1024 of 16384 MiB", "535.54.03", "7.5"))


def test_a_page_says_when_it_was_made() -> None:
    assert "on 2026-11-23 at 10:05 +01:00" in Page(to_html([REPORT], at=AT)).words


@pytest.mark.parametrize(("subject", "heads"), [("vision", 1), ("", 0)])
def test_a_report_about_nothing_by_name_has_no_heading_of_its_own(subject: str, heads: int) -> None:
    assert Page(to_html([replace(REPORT, subject=subject)], at=AT)).tags.count("h2") == heads
