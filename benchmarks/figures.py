"""What was measured, and whether it holds: ratios of medians against bars. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of envkit, beside another program's or by itself.

    Attributes:
        key: Its name in the results, stable.
        what: What envkit did.
        beside: What the other program did; empty for an absolute measure.
        ours: What envkit took, one value a round.
        theirs: What the other program took in the same rounds; empty for an absolute measure.
        unit: Of all these values.
        bar: The most that the value may be; None for a figure that only informs.
        aim: What is wished for beyond the bar.
        on: The day it was measured, as `2026-01-31`.
    """

    key: str
    what: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    beside: str = ""
    unit: str = "s"
    bar: float | None = None
    aim: float | None = None
    on: str = ""

    @property
    def value(self) -> float:
        """What the bar is about: the ratio of both medians, or envkit's median alone."""
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    @property
    def holds(self) -> bool:
        """Whether the bar is kept; a figure without one always holds."""
        return self.bar is None or self.value <= self.bar

    @property
    def verdict(self) -> str:
        """How the value stands to bar and aim, in a word or two."""
        if self.bar is None:
            return ""
        if not self.holds:
            return "MISSED"
        return "holds, aim reached" if self.aim is not None and self.value <= self.aim else "holds"


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on: all that a reader needs to judge the figures, and no names."""

    cores: int
    memory_gib: int
    system: str
    engine: str
    python: str
    compose: str
    devcontainers: str


def merge(old: Iterable[Figure], new: Iterable[Figure], order: Mapping[str, int]) -> tuple[Figure, ...]:
    """Return the new figures, and of the old ones those that were not measured again, in the order of the measures.

    Args:
        old: Figures of an earlier run.
        new: Figures of this run.
        order: Rank of each measure, by the first part of a key; an old figure of an unknown measure goes.
    """
    old_by_key = {figure.key: figure for figure in old if _measure_name(figure) in order}
    new_measures = {_measure_name(figure) for figure in new}
    figures = [figure for figure in old_by_key.values() if _measure_name(figure) not in new_measures] + list(new)
    return tuple(sorted(figures, key=lambda figure: order[_measure_name(figure)]))


def with_date(figures: Iterable[Figure], day: str) -> tuple[Figure, ...]:
    """Return the figures with the day they were measured on."""
    return tuple(replace(figure, on=day) for figure in figures)


def to_data(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON knows it, rounded to what a clock can tell."""
    data = asdict(figure)
    for samples in ("ours", "theirs"):
        data[samples] = [round(value, 4) for value in data[samples]]
    return {**data, "value": round(figure.value, 4), "holds": figure.holds}


def from_data(data: Mapping[str, Any]) -> Figure:
    """Return the figure that `to_data` made this of.

    Raises:
        KeyError: A key is missing.
    """
    fields = {name: data[name] for name in Figure.__slots__}
    return Figure(**{**fields, "ours": tuple(fields["ours"]), "theirs": tuple(fields["theirs"])})


def format_number(value: float) -> str:
    """Write a number with three digits that count, and never more than three behind the point."""
    if value == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(3, max(0, decimals))}f}"


def _measure_name(figure: Figure) -> str:
    return figure.key.partition("/")[0]
