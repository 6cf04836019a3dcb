"""The failure table is whole, and its page is made from the tests."""

from __future__ import annotations

import runpy

from envkit.checks.table import CHECKS
from tests import failures
from tests.conftest import ROOT

ENGINES = range(5, 23)  # what an engine or NVIDIA's toolkit says is no check, but the reason for which `up` ends
NUMBERS = [row.number for row in failures.ROWS]


def test_every_row_of_the_table_is_shown_by_a_test() -> None:
    assert NUMBERS[4:] == [str(number) for number in range(1, 45)]
    assert set(NUMBERS) == {one.number for one in failures.shown()}


def test_every_row_but_an_engines_refusal_is_told_as_a_check() -> None:
    for one in failures.shown():
        assert one.checks <= CHECKS.keys(), one
        assert one.checks or int(one.number) in ENGINES, one


def test_what_is_recorded_is_told_as_what_is_reproduced() -> None:
    for recorded in (one for one in failures.shown() if one.how == failures.RECORDED):
        made = [one.checks for one in failures.shown() if (one.number, one.how) == (recorded.number, "reproduced")]
        assert recorded.checks & frozenset().union(*made), recorded


def test_the_page_of_failures_is_current() -> None:
    page = runpy.run_path(str(ROOT / "scripts/make_failures_page.py"))["page"]
    written = (ROOT / "docs/failures.md").read_text("utf-8")
    assert written == page(), "scripts/make_failures_page.py writes docs/failures.md anew"
