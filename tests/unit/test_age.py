"""How old an image may be, and what of it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.checks.audit import image_age as judged
from envkit.model.report import Observation, Verdict

if TYPE_CHECKING:
    from envkit.model.report import Finding


def age(made: str, today: str = "2026-11-23", **other: str) -> Finding:
    """Return the finding on an image that was made some day."""
    return judged.check([Observation("audit.image", {"made": made, "today": today, **other})])


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ("2026-11-23T00:00:00Z", Verdict.PASSED),
        ("2026-08-25T00:00:00Z", Verdict.PASSED),
        ("2026-08-24T23:59:59.999999999Z", Verdict.WARNED),
        ("2020-01-01T00:00:00Z", Verdict.WARNED),
        ("0001-01-01T00:00:00Z", Verdict.UNKNOWN),
        ("1970-01-01T00:00:00Z", Verdict.UNKNOWN),
        # An engine in Tokyo, or one whose clock is a little ahead of ours.
        ("2026-11-24T08:00:00+09:00", Verdict.PASSED),
        ("2026-11-25T00:00:00Z", Verdict.UNKNOWN),
        ("soon", Verdict.UNKNOWN),
    ],
)
def test_packages_older_than_ninety_days_warn(made: str, status: Verdict) -> None:
    assert age("2026-11-23T00:00:00Z", updated=made).status is status
    assert age("2026-11-23T00:00:00Z", base=made).status is status


YESTERDAY, LONG_AGO = "2026-11-22T10:00:00Z", "2022-05-16T00:00:00Z"


@pytest.mark.parametrize(
    ("other", "status"),
    [
        # What a builder kept of an earlier build is as old as it was then, however young the image is.
        ({"updated": LONG_AGO}, Verdict.WARNED),
        ({"updated": LONG_AGO, "base": YESTERDAY}, Verdict.WARNED),
        ({"updated": YESTERDAY, "base": LONG_AGO}, Verdict.PASSED),
        ({"updated": "?"}, Verdict.UNKNOWN),
        # Nothing updates what another's image brought.
        ({"base": LONG_AGO}, Verdict.WARNED),
        ({"base": YESTERDAY}, Verdict.PASSED),
        ({"base": "?"}, Verdict.UNKNOWN),
        # An ordinary thing to do: whoever tidies up removes images that nothing runs from.
        ({}, Verdict.SKIPPED),
    ],
)
def test_an_image_is_as_old_as_what_it_stands_on(other: dict[str, str], status: Verdict) -> None:
    assert age("2026-11-23T09:00:00Z", **other).status is status


def test_the_hint_of_an_old_base_is_another_base() -> None:
    assert "base: debian" in age(YESTERDAY, base=LONG_AGO).hint
    assert age(LONG_AGO).hint == "envkit up --pull"
