"""Judge the age of an image by its system packages or its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.audit import image_age
from envkit.model.report import Observation, Verdict

if TYPE_CHECKING:
    from envkit.model.report import Finding

TODAY, YESTERDAY, LONG_AGO = "2026-11-23T00:00:00Z", "2026-11-22T10:00:00Z", "2022-05-16T00:00:00Z"


def judge(made: str, **dates: str) -> Finding:
    return image_age.check([Observation("audit.image", {"made": made, "today": "2026-11-23", **dates})])


def test_packages_or_base_older_than_ninety_days_warn() -> None:
    for date, status in (
        (TODAY, Verdict.PASSED),
        ("2026-08-25T00:00:00Z", Verdict.PASSED),
        ("2026-08-24T23:59:59.999999999Z", Verdict.WARNED),
        ("2020-01-01T00:00:00Z", Verdict.WARNED),
        ("0001-01-01T00:00:00Z", Verdict.UNKNOWN),
        ("1970-01-01T00:00:00Z", Verdict.UNKNOWN),
        # An engine in Tokyo, or one whose clock is slightly ahead.
        ("2026-11-24T08:00:00+09:00", Verdict.PASSED),
        ("2026-11-25T00:00:00Z", Verdict.UNKNOWN),
        ("soon", Verdict.UNKNOWN),
    ):
        assert judge(TODAY, updated=date).status is status, date
        assert judge(TODAY, base=date).status is status, date


def test_age_counts_from_packages_before_base() -> None:
    cases: tuple[tuple[dict[str, str], Verdict], ...] = (
        # Cached layers are as old as when they were built.
        ({"updated": LONG_AGO}, Verdict.WARNED),
        ({"updated": LONG_AGO, "base": YESTERDAY}, Verdict.WARNED),
        ({"updated": YESTERDAY, "base": LONG_AGO}, Verdict.PASSED),
        ({"updated": "?"}, Verdict.UNKNOWN),
        # The packages of a foreign base image are not upgraded.
        ({"base": LONG_AGO}, Verdict.WARNED),
        ({"base": YESTERDAY}, Verdict.PASSED),
        ({"base": "?"}, Verdict.UNKNOWN),
        # The base image was removed from the engine.
        ({}, Verdict.SKIPPED),
    )
    for dates, status in cases:
        assert judge("2026-11-23T09:00:00Z", **dates).status is status, dates


def test_the_hint_for_an_old_base_is_another_base() -> None:
    assert judge(YESTERDAY, base=LONG_AGO).hint == image_age.BASE_HINT
    assert "base: debian" in image_age.BASE_HINT
    assert judge(LONG_AGO).hint == "envkit up --pull"
