"""Counts against bars, what is kept of them, and the page that shows it. Pure."""

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

CORPUS_SIZE = 357  # files of the 30 checkouts that the bars were set for
METHODS = ("untouched", "sed", "envkit")


@dataclass(frozen=True, slots=True)
class Row:
    """One count, for each way.

    Attributes:
        what: What was counted.
        values: By way.
        total: Of how many.
        bar: What envkit's has to reach, or may not exceed.
        least: Whether the bar is the least, not the most.
    """

    what: str
    values: Mapping[str, int]
    total: int
    bar: float | None = None
    least: bool = True

    @property
    def holds(self) -> bool:
        """Whether envkit keeps the bar."""
        if self.bar is None:
            return True
        ours = self.values["envkit"]
        return ours >= self.bar if self.least else ours <= self.bar

    def cells(self) -> tuple[str, ...]:
        """Return it as a line of a table."""
        values = (str(self.values[method]) if method in self.values else "" for method in METHODS)
        sign = "at least" if self.least else "at most"
        bar = "" if self.bar is None else f"{sign} {self.bar:.0f}"
        verdict = "" if self.bar is None else "holds" if self.holds else "MISSED"
        return (self.what, str(self.total), *values, bar, verdict)


def rows(tallies: Mapping[str, Tally], convolution_count: int) -> list[Row]:
    """Return what is judged.

    Args:
        tallies: By way.
        convolution_count: Convolutions with three numbers by position, before.
    """
    ours = tallies["envkit"]
    files, names = ours.files, ours.names
    parseable_count = tallies["untouched"].parse

    def count_by_method(attribute: str) -> dict[str, int]:
        return {method: getattr(tally, attribute) for method, tally in tallies.items()}

    return [
        Row("files that are Python 3.9", count_by_method("parse"), files, parseable_count),
        Row("imported names of Keras that resolve", count_by_method("found"), names, 0.97 * names),
        Row("files with every import resolved", count_by_method("resolve"), files, 335 / CORPUS_SIZE * files),
        Row("files that are clean", count_by_method("clean"), files, 275 / CORPUS_SIZE * files),
        Row(
            "literal convolutions left with three positions",
            count_by_method("convolutions"),
            convolution_count,
            0,
            least=False,
        ),
        Row("edits to look-alikes, strings, comments, outputs", count_by_method("edits"), 0, 0, least=False),
        Row("unresolved names that no note tells of", {"envkit": ours.unreported}, 0, 0, least=False),
        Row("files that a second run changes", {"envkit": ours.unstable}, files, 0, least=False),
        Row(
            "imports and names that the real TensorFlow judges otherwise",
            {"envkit": ours.disagreements},
            ours.query_count,
            0,
            least=False,
        ),
    ]


def terminal_table(counts: Sequence[Row]) -> str:
    """Return the table for a terminal."""
    table = [("", "of", *METHODS, "bar", ""), *(row.cells() for row in counts)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in table
    )


@dataclass(frozen=True, slots=True)
class BenchmarkResults:
    """All that was measured; each part may be of another day.

    Attributes:
        machine: What it was measured on.
        rows: Counts.
        counted: The day of that.
        golden: What people made of checkouts, beside it.
        paired: The day of that.
        ran: Tests of checkouts.
        tested: The day of that.
        speed: Times and memory, each with its day.
    """

    machine: str = ""
    rows: tuple[Row, ...] = ()
    counted: str = ""
    golden: tuple[Pair, ...] = ()
    paired: str = ""
    ran: tuple[SuiteResult, ...] = ()
    tested: str = ""
    speed: tuple[Figure, ...] = ()

    @property
    def missed_bars(self) -> list[str]:
        """What stays below its bar."""
        return [
            *(row.what for row in self.rows if not row.holds),
            *([GOLDEN_LABEL] if not _agrees(self.golden) else []),
            *(suite.name for suite in self.ran if not suite.holds),
            *(figure.what for figure in self.speed if not figure.holds),
        ]


def to_data(results: BenchmarkResults) -> dict[str, Any]:
    """Return it as JSON knows it."""
    return {**asdict(results), "speed": [figures.to_data(figure) for figure in results.speed]}


def from_data(data: Mapping[str, Any]) -> BenchmarkResults:
    """Return what `to_data` made this of."""
    return BenchmarkResults(
        data["machine"],
        tuple(Row(**item) for item in data["rows"]),
        data["counted"],
        tuple(Pair(**{**item, "others": tuple(item["others"])}) for item in data.get("golden", ())),
        data.get("paired", ""),
        tuple(SuiteResult(**item) for item in data["ran"]),
        data["tested"],
        tuple(figures.from_data(item) for item in data["speed"]),
    )


def render_page(results: BenchmarkResults) -> str:
    """Return the page."""
    counts, suite_results = results.rows, results.ran
    header = ("measure", "of", *METHODS, "bar", "verdict")
    suite_header = ("checkout", "as it is", "migrated", "bar: passes", "verdict")
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
        f"{HEAD}\n{results.machine}.\n\n## What comes of the files\n\n{COUNTS_TEXT}\nCounted on {results.counted}.\n\n"
        + _table([header, *(row.cells() for row in counts)])
        + (
            f"\n## Beside what people made\n\n{GOLDEN_TEXT}\nCompared on {results.paired}.\n\n{_golden_section(results.golden)}"
            if results.golden
            else ""
        )
        + (
            f"\n## Tests of the checkouts\n\n{TESTS_TEXT}\nRun on {results.tested}.\n\n{suite_table}"
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
    differences = "".join(f"- {pair.name}, {difference}\n" for pair in golden for difference in pair.others)
    header = ("checkout and commit", "files", "names bound", "the same object", "bar", "verdict")
    table = _table([header, *lines, total_row])
    return table + (f"\nWhat differs, first as envkit has it:\n\n{differences}" if differences else "")


def _table(lines: Sequence[Sequence[str]]) -> str:
    table_lines = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in table_lines)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number} {outcome}" for outcome, number in sorted(counts.items(), key=lambda item: item[0] != "passed")
    )


HEAD = """\
# How well `envkit migrate` does

Measured on public checkouts of old code that imports standalone Keras, beside doing nothing and beside the usual two
rules of sed (`import keras` to `from tensorflow import keras`, `from keras` to `from tensorflow.keras`). Nothing is the
stronger of the two: TensorFlow 2.9 brings a package `keras`, so that much of old code imports. This page is made by
`make bench-migrate CORPUS=FOLDER`; the checkouts are no part of this repository, and nothing of them is in it.
"""
COUNTS_TEXT = """\
`benchmarks/migrate` judges: a checker that reads Python with the standard library and finds what names mean in a way of
its own. A file is *clean* if it parses as Python 3.9, all imports and all names that begin with one resolve, the
keywords of calls exist, no convolution has three positional numbers, and nothing that was removed is used. A name that
is left unresolved has to have a note on its line. Imports and names of the migrated files are asked of the real
TensorFlow in the image too, which has to judge as the checker does. Files are counted that import standalone Keras;
Python 2 stays as it is and counts as unresolved.
"""
GOLDEN_LABEL = "names that imports bind to what people bind them to"
GOLDEN_TEXT = """\
Three of the checkouts left standalone Keras by themselves. Of each file that the commit changed, what was there before
is migrated, and every name that an import of Keras bound, and still binds in both, has to stand for the same object in
the TensorFlow 2.9.0 of envkit's image. What people import from `tensorflow.python` is listed and not counted: it is a
private copy of Keras that went stale. `ARGS="--golden FOLDER"` compares, with a clone OWNER+NAME each in the folder.
"""
TESTS_TEXT = """\
The checkouts' own tests, by the TensorFlow 2.9.0 of envkit's image, without a network. What fails still: one
test uses a name of TensorFlow 1, which a note tells of; one looks for a single file of weights by a name without a
suffix, where TensorFlow writes a checkpoint of several.
"""
SPEED_TEXT = """\
`envkit migrate --write` as a command of its own, on fresh copies. LibCST's driver is
`parallel_exec_transform_with_prettyprint` with one process a processor. It runs the same transform as a codemod written
the way LibCST's documentation has it: the driver parses; positions, parents and scopes come from LibCST's providers.
As envkit finds places and scopes by quicker ways of its own, the driver is timed once more with those lent to it; what
is compared then is what stands around the transform. Peak memory counts shared pages once.
"""
