"""Measured figures and their verdicts: ratios of medians against bars. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement of envkit, absolute or relative to a baseline.

    Attributes:
        key: Stable name in the results.
        label: Operation of envkit.
        ours: Values of envkit, one per round.
        theirs: Values of the baseline in the same rounds; empty for an absolute figure.
        baseline: Operation of the other program; empty for an absolute figure.
        unit: Unit of all values.
        bar: Maximum value; None for an informative figure.
        target: Desired value below the bar.
        date: Date of the measurement, such as `2026-01-31`.
    """

    key: str
    label: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    baseline: str = ""
    unit: str = "s"
    bar: float | None = None
    target: float | None = None
    date: str = ""

    @property
    def value(self) -> float:
        """Ratio of the medians, or envkit's median for an absolute figure."""
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    @property
    def holds(self) -> bool:
        """Whether the value is within the bar; always true without a bar."""
        return self.bar is None or self.value <= self.bar

    @property
    def verdict(self) -> str:
        """Comparison with bar and target in a few words."""
        if self.bar is None:
            return ""
        if not self.holds:
            return "MISSED"
        return "holds, target reached" if self.target is not None and self.value <= self.target else "holds"


@dataclass(frozen=True, slots=True)
class Machine:
    """Machine of a measurement: everything needed to interpret the figures, without names."""

    cores: int
    memory_gib: int
    system: str
    engine: str
    python: str
    compose: str
    devcontainers: str


def merge(old: Iterable[Figure], new: Iterable[Figure], order: Mapping[str, int]) -> tuple[Figure, ...]:
    """Merge the new figures with old ones of other measures, in the order of the measures.

    Args:
        old: Figures of an earlier run.
        new: Figures of this run.
        order: Rank of each measure by the first part of its key; old figures of unknown measures are dropped.
    """
    old_by_key = {figure.key: figure for figure in old if _measure_name(figure) in order}
    new_measures = {_measure_name(figure) for figure in new}
    figures = [figure for figure in old_by_key.values() if _measure_name(figure) not in new_measures] + list(new)
    return tuple(sorted(figures, key=lambda figure: order[_measure_name(figure)]))


def with_date(figures: Iterable[Figure], day: str) -> tuple[Figure, ...]:
    """Set the date of the figures."""
    return tuple(replace(figure, date=day) for figure in figures)


def to_data(figure: Figure) -> dict[str, Any]:
    """Convert a figure to JSON data, rounded to the precision of the clock."""
    data = asdict(figure)
    for samples in ("ours", "theirs"):
        data[samples] = [round(value, 4) for value in data[samples]]
    return {**data, "value": round(figure.value, 4), "holds": figure.holds}


def from_data(data: Mapping[str, Any]) -> Figure:
    """Restore a figure from the data of `to_data`.

    Raises:
        KeyError: If a key is missing.
    """
    fields = {name: data[name] for name in Figure.__slots__}
    return Figure(**{**fields, "ours": tuple(fields["ours"]), "theirs": tuple(fields["theirs"])})


def format_number(value: float) -> str:
    """Format a number with three significant digits and at most three decimals."""
    if value == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(3, max(0, decimals))}f}"


def _measure_name(figure: Figure) -> str:
    return figure.key.partition("/")[0]
