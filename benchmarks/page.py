"""Figures -> a table for the terminal, and the page in docs/. Pure."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.figures import format_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure, Machine

TIMES = "\N{MULTIPLICATION SIGN}"
COLUMNS: tuple[str, ...] = ("measure", "envkit", "beside it", "value", "bar", "")
HEAD = """\
# Benchmarks

How fast and how large envkit is, beside the real Docker Compose, the real Dev Containers CLI and an image of plain
`pip install`, on the same engine in the same run. This page is made by `make bench`; all samples are in
[benchmarks/results.json](../benchmarks/results.json).

Programs that are compared take turns (A B A B), after one round that does not count. Where there are two, the value is
the ratio of their medians: below 1 envkit is the faster or smaller one. Ratios carry over to other machines better than
seconds do; where we know that one does not, its section says so. A bar is the most a value may be; `make bench` exits
with 1 when one is missed. In brackets: least and most of all rounds.
"""


def table(figures: Sequence[Figure]) -> str:
    """Return the table that a terminal shows, one line a figure."""
    rows = [COLUMNS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "".join(f"{line}\n" for line in lines)


def page(figures: Sequence[Figure], machine: Machine, descriptions: Mapping[str, str]) -> str:
    """Return the page, one section a measure.

    Args:
        figures: In the order they are to stand in.
        machine: What they were measured on.
        descriptions: By measure, the first part of a figure's key: its title, and below it how it is measured.
    """
    sections = []
    for measure, description in descriptions.items():
        section_figures = [figure for figure in figures if figure.key.partition("/")[0] == measure]
        if section_figures:
            title, _, text = description.partition("\n")
            sections.append(f"\n## {title}\n\n{text.strip()}\n\n{markdown(section_figures)}")
    return f"{HEAD}\n{_machine(machine)}{''.join(sections)}"


def _machine(machine: Machine) -> str:
    return (
        f"Machine: {machine.cores} cores, {machine.memory_gib} GiB of memory, {machine.system}; engine "
        f"{machine.engine}, Python {machine.python}, Docker Compose {machine.compose}, Dev Containers CLI "
        f"{machine.devcontainers}.\n"
    )


def markdown(figures: Sequence[Figure]) -> str:
    """Return the table of a page, one line a figure."""
    rows: list[tuple[str, ...]] = [(*COLUMNS[:5], "verdict", "measured on"), ("---",) * 7]
    rows += [(*_cells(figure, spread=True), figure.on) for figure in figures]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(figure: Figure, *, spread: bool = False) -> tuple[str, ...]:
    label = f"{figure.what}, beside {figure.beside}" if figure.beside else figure.what
    unit = TIMES if figure.theirs else figure.unit
    return (
        label,
        _samples(figure.ours, figure.unit, spread=spread),
        _samples(figure.theirs, figure.unit, spread=spread) if figure.theirs else "",
        f"{format_number(figure.value)} {unit}",
        "" if figure.bar is None else f"{format_number(figure.bar)} {unit}",
        figure.verdict,
    )


def _samples(samples: Sequence[float], unit: str, *, spread: bool) -> str:
    median = f"{format_number(statistics.median(samples))} {unit}"
    if not spread or len(samples) == 1:
        return median
    return f"{median} ({format_number(min(samples))} to {format_number(max(samples))})"
