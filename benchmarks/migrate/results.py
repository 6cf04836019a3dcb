"""Counts and their bars, saved results, and the page. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import figures, page
from benchmarks.migrate.golden import BAR, Pair
from benchmarks.migrate.suites import SuiteResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.migrate.tally import Tally

CORPUS_SIZE = 357  # files in the 30 checkouts for which the bars were set
METHODS = ("untouched", "sed", "envkit")


@dataclass(frozen=True, slots=True)
class Row:
    """One count for each method.

    Attributes:
        label: Counted items.
        values: Method -> count.
        total: Number of all items.
        bar: Minimum or maximum for envkit.
        is_minimum: Whether the bar is a minimum.
    """

    label: str
    values: Mapping[str, int]
    total: int
    bar: float | None = None
    is_minimum: bool = True

    @property
    def holds(self) -> bool:
        """Whether envkit's count is within the bar."""
        if self.bar is None:
            return True
        ours = self.values["envkit"]
        return ours >= self.bar if self.is_minimum else ours <= self.bar

    def cells(self) -> tuple[str, ...]:
        """Return the cells of a table row."""
        values = (str(self.values[method]) if method in self.values else "" for method in METHODS)
        sign = "at least" if self.is_minimum else "at most"
        bar = "" if self.bar is None else f"{sign} {self.bar:.0f}"
        verdict = "" if self.bar is None else "holds" if self.holds else "MISSED"
        return (self.label, str(self.total), *values, bar, verdict)


def rows(tallies: Mapping[str, Tally], convolution_count: int) -> list[Row]:
    """Build the rows with their bars.

    Args:
        tallies: Method -> counts.
        convolution_count: Number of convolutions with three positional numbers before the migration.
    """
    ours = tallies["envkit"]
    files, names = ours.files, ours.names
    parseable_count = tallies["untouched"].parse

    def count_by_method(attribute: str) -> dict[str, int]:
        return {method: getattr(tally, attribute) for method, tally in tallies.items()}

    return [
        Row("files that parse as Python 3.9", count_by_method("parse"), files, parseable_count),
        Row("imported names of Keras that resolve", count_by_method("resolved_names"), names, 0.97 * names),
        Row("files with every import resolved", count_by_method("resolve"), files, 335 / CORPUS_SIZE * files),
        Row("clean files", count_by_method("clean"), files, 275 / CORPUS_SIZE * files),
        Row(
            "convolutions with three positional numbers",
            count_by_method("convolutions"),
            convolution_count,
            0,
            is_minimum=False,
        ),
        Row("edits to look-alikes, strings, comments, outputs", count_by_method("edits"), 0, 0, is_minimum=False),
        Row("unresolved names without a note", {"envkit": ours.unreported}, 0, 0, is_minimum=False),
        Row("files changed by a second run", {"envkit": ours.unstable}, files, 0, is_minimum=False),
        Row(
            "imports and names that the real TensorFlow resolves differently",
            {"envkit": ours.disagreements},
            ours.query_count,
            0,
            is_minimum=False,
        ),
    ]


def terminal_table(counts: Sequence[Row]) -> str:
    """Render the table for a terminal."""
    table = [("", "of", *METHODS, "bar", ""), *(row.cells() for row in counts)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in table
    )


@dataclass(frozen=True, slots=True)
class BenchmarkResults:
    """All results; each part may have another date.

    Attributes:
        machine: Machine of the measurements.
        rows: Counts.
        counted_on: Date of the counts.
        golden: Comparisons with manual migrations.
        compared_on: Date of the comparisons.
        suites: Test results of checkouts.
        tested_on: Date of the tests.
        speed: Times and memory, each with its date.
    """

    machine: str = ""
    rows: tuple[Row, ...] = ()
    counted_on: str = ""
    golden: tuple[Pair, ...] = ()
    compared_on: str = ""
    suites: tuple[SuiteResult, ...] = ()
    tested_on: str = ""
    speed: tuple[Figure, ...] = ()

    @property
    def missed_bars(self) -> list[str]:
        """Labels of everything that misses its bar."""
        return [
            *(row.label for row in self.rows if not row.holds),
            *([GOLDEN_LABEL] if not _agrees(self.golden) else []),
            *(suite.name for suite in self.suites if not suite.holds),
            *(figure.label for figure in self.speed if not figure.holds),
        ]


def to_data(results: BenchmarkResults) -> dict[str, Any]:
    """Convert results to JSON data."""
    return {**asdict(results), "speed": [figures.to_data(figure) for figure in results.speed]}


def from_data(data: Mapping[str, Any]) -> BenchmarkResults:
    """Restore results from the data of `to_data`."""
    return BenchmarkResults(
        data["machine"],
        tuple(Row(**item) for item in data["rows"]),
        data["counted_on"],
        tuple(Pair(**{**item, "differences": tuple(item["differences"])}) for item in data.get("golden", ())),
        data.get("compared_on", ""),
        tuple(SuiteResult(**item) for item in data["suites"]),
        data["tested_on"],
        tuple(figures.from_data(item) for item in data["speed"]),
    )


def render_page(results: BenchmarkResults) -> str:
    """Render the page."""
    counts, suite_results = results.rows, results.suites
    header = ("measure", "of", *METHODS, "bar", "verdict")
    suite_header = ("checkout", "unchanged", "migrated", "bar: passes", "verdict")
    suite_rows = [
        (
            suite.name,
            _counts(suite.before),
            _counts(suite.after),
            f"at least {suite.passes}",
            "holds" if suite.holds else "MISSED",
        )
        for suite in suite_results
    ]
    suite_table = _table([suite_header, *suite_rows])
    return (
        f"{HEAD}\n{results.machine}.\n\n## Migrated files\n\n{COUNTS_TEXT}\nCounted on {results.counted_on}.\n\n"
        + _table([header, *(row.cells() for row in counts)])
        + (
            f"\n## Comparison with manual migrations\n\n{GOLDEN_TEXT}\nCompared on {results.compared_on}.\n\n"
            + _golden_section(results.golden)
            if results.golden
            else ""
        )
        + (
            f"\n## Tests of the checkouts\n\n{TESTS_TEXT}\nRun on {results.tested_on}.\n\n{suite_table}"
            if suite_results
            else ""
        )
        + (f"\n## Speed\n\n{SPEED_TEXT}\n{page.markdown(results.speed)}" if results.speed else "")
    )


def _agrees(golden: Sequence[Pair]) -> bool:
    return sum(pair.same for pair in golden) >= BAR * sum(pair.bound for pair in golden)


def _golden_section(golden: Sequence[Pair]) -> str:
    file_count, bound_count, same_count = (
        sum(getattr(pair, attribute) for pair in golden) for attribute in ("files", "bound", "same")
    )
    lines = [(pair.name, str(pair.files), str(pair.bound), str(pair.same), "", "") for pair in golden]
    verdict = "holds" if _agrees(golden) else "MISSED"
    total_row = (GOLDEN_LABEL, str(file_count), str(bound_count), str(same_count), f"at least {BAR:.0%}", verdict)
    differences = "".join(f"- {pair.name}, {difference}\n" for pair in golden for difference in pair.differences)
    header = ("checkout and commit", "files", "names bound", "same object", "bar", "verdict")
    table = _table([header, *lines, total_row])
    return table + (f"\nDifferences, envkit's import first:\n\n{differences}" if differences else "")


def _table(lines: Sequence[Sequence[str]]) -> str:
    table_lines = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in table_lines)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number} {outcome}" for outcome, number in sorted(counts.items(), key=lambda item: item[0] != "passed")
    )


HEAD = """\
# Quality of `envkit migrate`

Measured on public checkouts of old code that imports standalone Keras, compared with unchanged code and with the two
usual sed rules (`import keras` to `from tensorflow import keras`, `from keras` to `from tensorflow.keras`). Unchanged
code is the stronger baseline: TensorFlow 2.9 includes a package `keras`, so many imports of old code work. This page is
generated by `make bench-migrate CORPUS=FOLDER`; this repository contains no part of the checkouts.
"""
COUNTS_TEXT = """\
`benchmarks/migrate` contains the checker, which parses Python with the standard library and resolves names
independently of the codemod. A file is *clean* if it parses as Python 3.9, all imports and all names that start with an
import resolve, the keywords of calls exist, no convolution has three positional numbers, and nothing removed is used.
An unresolved name needs a note on its line. The real TensorFlow in the image must resolve the same imports and names of
the migrated files as the checker. Only files that import standalone Keras are counted; Python 2 is not changed and
counts as unresolved.
"""
GOLDEN_LABEL = "names bound to the same object as in the manual migration"
GOLDEN_TEXT = """\
Three of the checkouts migrated from standalone Keras themselves. envkit migrates the previous version of each file that
the commit changed. Every name that an import of Keras binds before and after, in both versions, must be the same object
in the TensorFlow 2.9.0 of envkit's image. Manual imports from `tensorflow.python` are listed but not counted, because
it is a stale private copy of Keras. `ARGS="--golden FOLDER"` runs the comparison with a clone OWNER+NAME of each in the
folder.
"""
TESTS_TEXT = """\
The tests of the checkouts, run with the TensorFlow 2.9.0 of envkit's image and without a network. Two tests still fail:
one uses a name of TensorFlow 1, which a note reports; one expects a single weights file for a name without a suffix,
where TensorFlow writes a checkpoint of several files.
"""
SPEED_TEXT = """\
`envkit migrate --write` as a separate command on fresh copies. LibCST's driver is
`parallel_exec_transform_with_prettyprint` with one process per CPU. It runs the same transform as a codemod written
as LibCST's documentation recommends: the driver parses; positions, parents and scopes come from LibCST's providers.
Because envkit computes positions and scopes faster, the driver is also measured with envkit's, to compare only the code
around the transform. Peak memory counts shared pages once.
"""
