"""Benchmarks: ratios, bars, tables, and results kept from an earlier run."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks import __main__ as bench
from benchmarks import figures, page
from benchmarks.clock import BenchmarkError, alternate, run_timed
from benchmarks.figures import Figure, Machine

MACHINE = Machine(2, 24, "Linux on x86_64", "20.10.24 with overlay2", "3.11.2", "2.26.1", "0.89.0")


def figure(
    key: str = "a/b",
    ours: tuple[float, ...] = (1.0,),
    theirs: tuple[float, ...] = (),
    *,
    baseline: str = "",
    unit: str = "s",
    bar: float | None = None,
    target: float | None = None,
    date: str = "",
) -> Figure:
    return Figure(key, "envkit up", ours, theirs, baseline, unit, bar, target, date)


def test_value_is_the_ratio_of_medians_or_the_median() -> None:
    for ours, theirs, value in (
        ((2.0,), (4.0,), 0.5),
        ((1.0, 2.0, 90.0), (4.0, 0.1, 5.0), 0.5),  # medians: one slow round does not count
        ((1.0, 3.0), (4.0,), 0.5),
        ((0.2, 0.4, 0.3), (), 0.3),
    ):
        assert figure(ours=ours, theirs=theirs).value == pytest.approx(value), (ours, theirs)


@pytest.mark.proves("a benchmark that misses its target is reported", "real")
def test_value_above_its_bar_is_missed() -> None:
    cases: tuple[tuple[float | None, float | None, str, bool], ...] = (
        (None, None, "", True),
        (0.7, None, "holds", True),
        (0.5, None, "holds", True),  # the bar itself is allowed
        (0.4, None, "MISSED", False),
        (0.7, 0.5, "holds, target reached", True),
        (0.7, 0.4, "holds", True),
        (0.4, 0.6, "MISSED", False),
        (0.0, None, "MISSED", False),
    )
    for bar, target, verdict, holds in cases:
        measured = figure(ours=(1.0,), theirs=(2.0,), bar=bar, target=target)
        assert (measured.verdict, measured.holds) == (verdict, holds), (bar, target)


def test_zero_is_within_a_bar_of_zero() -> None:
    assert figure(ours=(0,), bar=0).holds


def test_numbers_have_three_significant_digits() -> None:
    for value, text in (
        (0, "0"),
        (0.0361, "0.036"),
        (0.3646, "0.365"),
        (1, "1.00"),
        (4.126, "4.13"),
        (12.34, "12.3"),
        (1372.4, "1372"),
        (-4.126, "-4.13"),
    ):
        assert figures.format_number(value) == text, value


@pytest.mark.proves("compared programs take turns in one run", "real")
def test_programs_alternate_and_the_warm_up_does_not_count() -> None:
    calls: list[str] = []

    def call(name: str) -> int:
        calls.append(name)
        return len(calls)

    results = alternate(2, {"a": lambda: call("a"), "b": lambda: call("b")})
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert results == {"a": [3, 5], "b": [4, 6]}


def test_without_a_warm_up_all_rounds_count() -> None:
    assert alternate(1, {"a": lambda: 7}, warm_ups=0) == {"a": [7]}


def test_unexpected_exit_code_is_an_error() -> None:
    argv = ["/bin/sh", "-c", "exit 3"]
    assert run_timed(argv, codes=(0, 3)).wall_s >= 0
    for codes in ((0,), (0, 1)):
        with pytest.raises(BenchmarkError, match="exited with code 3"):
            run_timed(argv, codes=codes)


def test_every_measure_has_a_title_and_a_description() -> None:
    for name, module in bench.MEASURES.items():
        title, _, text = str(module.__doc__).partition("\n")
        assert title, name
        assert text.strip(), name
    assert {"doctor", "probe", "smoke"} <= bench.MEASURES.keys()


def test_figures_of_other_measures_are_kept_in_order() -> None:
    old = [figure("cold/build", date="2026-01-01"), figure("first/own", date="2026-01-01"), figure("gone/x")]
    new = [figure("first/plain", date="2026-02-02")]
    merged = figures.merge(old, new, {"first": 0, "cold": 1})
    assert [(item.key, item.date) for item in merged] == [("first/plain", "2026-02-02"), ("cold/build", "2026-01-01")]


def test_figure_is_restored_from_json() -> None:
    original = figure("a/b", (1.0, 2.0), (4.0,), baseline="compose", bar=0.7, target=0.5, date="2026-01-31")
    data = json.loads(json.dumps(figures.to_data(original)))
    assert figures.from_data(data) == original
    assert (data["value"], data["holds"]) == (0.375, True)


def test_figures_get_the_date_of_the_run() -> None:
    assert [item.date for item in figures.with_date([figure(), figure()], "2026-01-31")] == ["2026-01-31"] * 2


def test_table_has_both_medians_the_ratio_and_the_bar() -> None:
    relative = figure(ours=(0.3, 0.3, 9.0), theirs=(0.6,), baseline="compose", bar=0.7, target=0.5)
    absolute = figure(ours=(0.2,), unit="CPU s", bar=0.1)
    assert [re.split("  +", line) for line in page.table([relative, absolute]).splitlines()] == [
        ["measure", "envkit", "baseline", "value", "bar"],
        [
            "envkit up vs. compose",
            "0.300 s",
            "0.600 s",
            f"0.500 {page.TIMES}",
            f"0.700 {page.TIMES}",
            "holds, target reached",
        ],
        ["envkit up", "0.200 CPU s", "0.200 CPU s", "0.100 CPU s", "MISSED"],
    ]


def test_page_has_the_machine_and_a_section_per_measure() -> None:
    measured = figure("a/b", (1.0, 2.0, 3.0), (4.0,), baseline="compose", bar=0.7, date="2026-01-31")
    text = page.page([measured], MACHINE, {"a": "Title\nHow it is done.\n", "empty": "Nothing\nNo figures.\n"})
    assert "## Title\n\nHow it is done.\n\n| measure |" in text
    assert "| 2.00 s (1.00 to 3.00) | 4.00 s | 0.500 " in text
    assert "2026-01-31" in text
    assert "## Nothing" not in text
    assert "2 cores, 24 GiB" in text
    assert "20.10.24" in text
