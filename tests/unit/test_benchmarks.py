"""What the benchmarks make of samples: ratios, bars, tables, and results that are kept from an earlier run."""

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
    beside: str = "",
    unit: str = "s",
    bar: float | None = None,
    aim: float | None = None,
    on: str = "",
) -> Figure:
    return Figure(key, "envkit up", ours, theirs, beside, unit, bar, aim, on)


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [
        ((2.0,), (4.0,), 0.5),
        ((1.0, 2.0, 90.0), (4.0, 0.1, 5.0), 0.5),  # medians: one slow round does not count
        ((1.0, 3.0), (4.0,), 0.5),
        ((0.2, 0.4, 0.3), (), 0.3),
    ],
)
def test_the_value_is_the_ratio_of_medians_or_the_median_alone(
    ours: tuple[float, ...], theirs: tuple[float, ...], value: float
) -> None:
    assert figure(ours=ours, theirs=theirs).value == pytest.approx(value)


@pytest.mark.proves("a benchmark that misses its bar is told", "real")
@pytest.mark.parametrize(
    ("bar", "aim", "verdict", "holds"),
    [
        (None, None, "", True),
        (0.7, None, "holds", True),
        (0.5, None, "holds", True),  # at the bar is still well
        (0.4, None, "MISSED", False),
        (0.7, 0.5, "holds, aim reached", True),
        (0.7, 0.4, "holds", True),
        (0.4, 0.6, "MISSED", False),
        (0.0, None, "MISSED", False),
    ],
)
def test_a_value_above_its_bar_is_missed(bar: float | None, aim: float | None, verdict: str, *, holds: bool) -> None:
    one = figure(ours=(1.0,), theirs=(2.0,), bar=bar, aim=aim)
    assert (one.verdict, one.holds) == (verdict, holds)


def test_a_bar_of_zero_is_kept_by_zero() -> None:
    assert figure(ours=(0,), bar=0).holds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0361, "0.036"),
        (0.3646, "0.365"),
        (1, "1.00"),
        (4.126, "4.13"),
        (12.34, "12.3"),
        (1372.4, "1372"),
        (-4.126, "-4.13"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert figures.format_number(value) == text


@pytest.mark.proves("programs that are compared take turns in one run", "real")
def test_everybody_takes_a_turn_in_each_round_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []

    def turn(who: str) -> int:
        turns.append(who)
        return len(turns)

    given = alternate(2, {"a": lambda: turn("a"), "b": lambda: turn("b")})
    assert turns == ["a", "b", "a", "b", "a", "b"]
    assert given == {"a": [3, 5], "b": [4, 6]}


def test_rounds_without_a_warm_up_all_count() -> None:
    assert alternate(1, {"a": lambda: 7}, warm_ups=0) == {"a": [7]}


@pytest.mark.parametrize(("codes", "measured"), [((0,), False), ((0, 1), False), ((0, 3), True)])
def test_a_program_that_ends_with_a_code_nobody_named_has_no_figure(codes: tuple[int, ...], *, measured: bool) -> None:
    argv = ["/bin/sh", "-c", "exit 3"]
    if measured:
        assert run_timed(argv, codes=codes).wall_s >= 0
        return
    with pytest.raises(BenchmarkError, match="ended with 3"):
        run_timed(argv, codes=codes)


def test_every_measure_says_on_the_page_what_it_is() -> None:
    for name, module in bench.MEASURES.items():
        title, _, text = str(module.__doc__).partition("\n")
        assert title, name
        assert text.strip(), name
    assert {"doctor", "probe", "smoke"} <= bench.MEASURES.keys()


def test_what_was_not_measured_again_is_kept_in_the_order_of_the_measures() -> None:
    old = [figure("cold/build", on="2026-01-01"), figure("first/own", on="2026-01-01"), figure("gone/x")]
    new = [figure("first/plain", on="2026-02-02")]
    kept = figures.merge(old, new, {"first": 0, "cold": 1})
    assert [(one.key, one.on) for one in kept] == [("first/plain", "2026-02-02"), ("cold/build", "2026-01-01")]


def test_a_figure_survives_its_way_through_json() -> None:
    one = figure("a/b", (1.0, 2.0), (4.0,), beside="compose", bar=0.7, aim=0.5, on="2026-01-31")
    data = json.loads(json.dumps(figures.to_data(one)))
    assert figures.from_data(data) == one
    assert (data["value"], data["holds"]) == (0.375, True)


def test_figures_get_the_day_they_were_measured_on() -> None:
    assert [one.on for one in figures.with_date([figure(), figure()], "2026-01-31")] == ["2026-01-31"] * 2


def test_the_table_shows_both_medians_the_ratio_and_the_bar() -> None:
    one = figure(ours=(0.3, 0.3, 9.0), theirs=(0.6,), beside="compose", bar=0.7, aim=0.5)
    alone = figure(ours=(0.2,), unit="CPU s", bar=0.1)
    assert [re.split("  +", line) for line in page.table([one, alone]).splitlines()] == [
        ["measure", "envkit", "beside it", "value", "bar"],
        [
            "envkit up, beside compose",
            "0.300 s",
            "0.600 s",
            f"0.500 {page.TIMES}",
            f"0.700 {page.TIMES}",
            "holds, aim reached",
        ],
        ["envkit up", "0.200 CPU s", "0.200 CPU s", "0.100 CPU s", "MISSED"],
    ]


def test_the_page_has_a_section_for_each_measure_with_figures_and_names_the_machine() -> None:
    one = figure("a/b", (1.0, 2.0, 3.0), (4.0,), beside="compose", bar=0.7, on="2026-01-31")
    text = page.page([one], MACHINE, {"a": "Title\nHow it is done.\n", "empty": "Nothing\nNo figures.\n"})
    assert "## Title\n\nHow it is done.\n\n| measure |" in text
    assert "| 2.00 s (1.00 to 3.00) | 4.00 s | 0.500 " in text
    assert "2026-01-31" in text
    assert "## Nothing" not in text
    assert "2 cores, 24 GiB" in text
    assert "20.10.24" in text
