"""Counts against bars, what is kept of them, and the page that shows it. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import figures, page
from benchmarks.migrate.golden import BAR, Pair
from benchmarks.migrate.suites import Ran

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.migrate.tally import Tally

SHOWN = 357  # files of the 30 checkouts that the bars were set for
WAYS = ("untouched", "sed", "envkit")


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
        shown = (str(self.values[way]) if way in self.values else "" for way in WAYS)
        sign = "at least" if self.least else "at most"
        bar = "" if self.bar is None else f"{sign} {self.bar:.0f}"
        verdict = "" if self.bar is None else "holds" if self.holds else "MISSED"
        return (self.what, str(self.total), *shown, bar, verdict)


def rows(tallies: Mapping[str, Tally], literal: int) -> list[Row]:
    """Return what is judged.

    Args:
        tallies: By way.
        literal: Convolutions with three numbers by position, before.
    """
    ours = tallies["envkit"]
    files, names = ours.files, ours.names
    readable = tallies["untouched"].parse

    def each(attribute: str) -> dict[str, int]:
        return {way: getattr(one, attribute) for way, one in tallies.items()}

    return [
        Row("files that are Python 3.9", each("parse"), files, readable),
        Row("imported names of Keras that resolve", each("found"), names, 0.97 * names),
        Row("files with every import resolved", each("resolve"), files, 335 / SHOWN * files),
        Row("files that are clean", each("clean"), files, 275 / SHOWN * files),
        Row("literal convolutions left with three positions", each("convolutions"), literal, 0, least=False),
        Row("edits to look-alikes, strings, comments, outputs", each("edits"), 0, 0, least=False),
        Row("unresolved names that no note tells of", {"envkit": ours.silent}, 0, 0, least=False),
        Row("files that a second run changes", {"envkit": ours.again}, files, 0, least=False),
        Row("imports and names that the real TensorFlow judges otherwise", {"envkit": ours.otherwise}, ours.asked, 0,
            least=False),
    ]


def counted(found: Sequence[Row]) -> str:
    """Return the table for a terminal."""
    table = [("", "of", *WAYS, "bar", ""), *(row.cells() for row in found)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in table
    )


@dataclass(frozen=True, slots=True)
class Measured:
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
    ran: tuple[Ran, ...] = ()
    tested: str = ""
    speed: tuple[Figure, ...] = ()

    @property
    def missed(self) -> list[str]:
        """What stays below its bar."""
        return [
            *(one.what for one in self.rows if not one.holds), *([GOLDEN] if not _agrees(self.golden) else []),
            *(one.name for one in self.ran if not one.holds),
            *(one.what for one in self.speed if not one.holds),
        ]


def to_data(measured: Measured) -> dict[str, Any]:
    """Return it as JSON knows it."""
    return {**asdict(measured), "speed": [figures.to_data(one) for one in measured.speed]}


def from_data(data: Mapping[str, Any]) -> Measured:
    """Return what `to_data` made this of."""
    return Measured(
        data["machine"], tuple(Row(**one) for one in data["rows"]), data["counted"],
        tuple(Pair(**{**one, "others": tuple(one["others"])}) for one in data.get("golden", ())),
        data.get("paired", ""),
        tuple(Ran(**one) for one in data["ran"]), data["tested"],
        tuple(figures.from_data(one) for one in data["speed"]),
    )


def written(measured: Measured) -> str:
    """Return the page."""
    found, ran = measured.rows, measured.ran
    head = ("measure", "of", *WAYS, "bar", "verdict")
    tests = ("checkout", "as it is", "migrated", "bar: passes", "verdict")
    suites = [(one.name, _counts(one.before), _counts(one.after), f"at least {one.passes}",
               "holds" if one.holds else "MISSED") for one in ran]
    shown = _table([tests, *suites])
    return (
        f"{HEAD}\n{measured.machine}.\n\n## What comes of the files\n\n{COUNTED}\nCounted on {measured.counted}.\n\n"
        + _table([head, *(row.cells() for row in found)])
        + (f"\n## Beside what people made\n\n{PAIRED}\nCompared on {measured.paired}.\n\n{_pairs(measured.golden)}"
           if measured.golden else "")
        + (f"\n## Tests of the checkouts\n\n{TESTS}\nRun on {measured.tested}.\n\n{shown}" if ran else "")
        + (f"\n## Speed\n\n{SPEED}\n{page.markdown(measured.speed)}" if measured.speed else "")
    )


def _agrees(golden: Sequence[Pair]) -> bool:
    return sum(one.same for one in golden) >= BAR * sum(one.bound for one in golden)


def _pairs(golden: Sequence[Pair]) -> str:
    files, bound, same = (sum(getattr(one, what) for one in golden) for what in ("files", "bound", "same"))
    lines = [(one.name, str(one.files), str(one.bound), str(one.same), "", "") for one in golden]
    verdict = "holds" if _agrees(golden) else "MISSED"
    whole = (GOLDEN, str(files), str(bound), str(same), f"at least {BAR:.0%}", verdict)
    others = "".join(f"- {pair.name}, {one}\n" for pair in golden for one in pair.others)
    head = ("checkout and commit", "files", "names bound", "the same object", "bar", "verdict")
    table = _table([head, *lines, whole])
    return table + (f"\nWhat differs, first as envkit has it:\n\n{others}" if others else "")


def _table(lines: Sequence[Sequence[str]]) -> str:
    shown = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in shown)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items(), key=lambda one: one[0] != "passed"))


HEAD = """\
# How well `envkit migrate` does

Measured on public checkouts of old code that imports standalone Keras, beside doing nothing and beside the usual two
rules of sed (`import keras` to `from tensorflow import keras`, `from keras` to `from tensorflow.keras`). Nothing is the
stronger of the two: TensorFlow 2.9 brings a package `keras`, so that much of old code imports. This page is made by
`make bench-migrate CORPUS=FOLDER`; the checkouts are no part of this repository, and nothing of them is in it.
"""
COUNTED = """\
`benchmarks/migrate` judges: a checker that reads Python with the standard library and finds what names mean in a way of
its own. A file is *clean* if it parses as Python 3.9, all imports and all names that begin with one resolve, the
keywords of calls exist, no convolution has three positional numbers, and nothing that was removed is used. A name that
is left unresolved has to have a note on its line. Imports and names of the migrated files are asked of the real
TensorFlow in the image too, which has to judge as the checker does. Files are counted that import standalone Keras;
Python 2 stays as it is and counts as unresolved.
"""
GOLDEN = "names that imports bind to what people bind them to"
PAIRED = """\
Three of the checkouts left standalone Keras by themselves. Of each file that the commit changed, what was there before
is migrated, and every name that an import of Keras bound, and still binds in both, has to stand for the same object in
the TensorFlow 2.9.0 of envkit's image. What people import from `tensorflow.python` is listed and not counted: it is a
private copy of Keras that went stale. `ARGS="--golden FOLDER"` compares, with a clone OWNER+NAME each in the folder.
"""
TESTS = """\
The checkouts' own tests, by the TensorFlow 2.9.0 of envkit's image, without a network. What fails still: one
test uses a name of TensorFlow 1, which a note tells of; one looks for a single file of weights by a name without a
suffix, where TensorFlow writes a checkpoint of several.
"""
SPEED = """\
`envkit migrate --write` as a command of its own, on fresh copies. LibCST's driver is
`parallel_exec_transform_with_prettyprint` with one process a processor. It runs the same transform as a codemod written
the way LibCST's documentation has it: the driver parses; positions, parents and scopes come from LibCST's providers.
As envkit finds places and scopes by quicker ways of its own, the driver is timed once more with those lent to it; what
is compared then is what stands around the transform. Peak memory counts shared pages once.
"""
