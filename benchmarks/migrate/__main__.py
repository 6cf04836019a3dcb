"""`python -m benchmarks.migrate --corpus FOLDER`: judge what `envkit migrate` makes of old code, and time it."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import figures, page
from benchmarks.clock import Failed
from benchmarks.migrate import asked, golden, results, speed, suites, tally, variants
from benchmarks.migrate.results import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from docker import DockerClient

    from benchmarks.migrate.tally import Tally
    from benchmarks.migrate.variants import Told
    from benchmarks.scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/bench-migrate.md"
RESULTS = ROOT / "benchmarks/migrate/results.json"
PARTS = ("counts", "golden", "tests", "speed")
CANNOT = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit code: 0 where the checkouts are not there, 1 below a bar, 3 where it cannot be."""
    told = _parser().parse_args(argv)
    if told.corpus is None or not told.corpus.is_dir():
        _say("skipped: no checkouts are named: make bench-migrate CORPUS=FOLDER, with a folder OWNER+NAME for each")
        return 0
    try:
        with ExitStack() as stack:
            return _measured(told, told.corpus.resolve(), stack)
    except Failed as error:
        _say(str(error))
        return CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.migrate", description="Judge envkit migrate on old code.")
    parser.add_argument("--corpus", type=Path, help="the folder with the checkouts, OWNER+NAME each")
    parser.add_argument("--golden", type=Path, metavar="FOLDER", help="clones, OWNER+NAME each, to compare with people")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave results and page as they are")
    parser.add_argument("--wrong", type=Path, metavar="FILE", help="write all that the checker has to say to a file")
    return parser


def _measured(told: argparse.Namespace, corpus: Path, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="envkit-bench-")))
    wanted, parts = variants.files(corpus), told.only or PARTS
    if not wanted:
        _say("skipped: no file there imports standalone Keras")
        return 0
    _say(f"{len(wanted)} files import standalone Keras")
    day, found = datetime.date.today().isoformat(), _before(_about(len(wanted)))  # noqa: DTZ011
    if "speed" in parts:
        _say("measuring times")
        found = replace(found, speed=figures.dated(speed.measure(corpus, folder), day))
    if "golden" in parts and told.golden is not None:
        _say("comparing with what people made")
        place = stack.enter_context(_scratch())
        pairs = golden.run(place.engine, place.build(place.project("migrate")), told.golden)
        found = replace(found, golden=tuple(pairs), paired=day)
    if {"counts", "tests"} & {*parts}:
        after = variants.copy(corpus, folder / "after")
        _say("migrating")
        said = variants.migrate(after)
        place = stack.enter_context(_scratch())
        image = place.build(place.project("migrate"))
        if "counts" in parts:
            rows = _rows(corpus, after, wanted, said, (place.engine, image), told.wrong)
            found = replace(found, rows=tuple(rows), counted=day)
        if "tests" in parts:
            _say("running the tests of checkouts")
            found = replace(found, ran=tuple(suites.run(place.engine, image, corpus, after)), tested=day)
    return _concluded(found, keep=told.keep)


def _before(machine: str) -> Measured:
    """Return what was measured before on a machine like this one, and as many files."""
    if RESULTS.exists():
        before = results.from_data(json.loads(RESULTS.read_text("utf-8")))
        if before.machine == machine:
            return before
    return Measured(machine)


def _rows(
    corpus: Path, after: Path, wanted: Sequence[Path], said: Mapping[Path, Told], real: tuple[DockerClient, str],
    wrong: Path | None,
) -> list[results.Row]:
    tallies = _tallies(corpus, after, wanted, said)
    _say("asking the real TensorFlow")
    asked.ask(tallies["envkit"], *real, after, wanted)
    if wrong is not None:
        lines = [f"{way}: {line}\n" for way, one in tallies.items() for line in one.worst]
        wrong.write_text("".join(lines), "utf-8")
    return results.rows(tallies, tallies["untouched"].convolutions)


def _tallies(corpus: Path, after: Path, wanted: Sequence[Path], said: Mapping[Path, Told]) -> dict[str, Tally]:
    before = {path: (corpus / path).read_bytes() for path in wanted}
    ours = {path: (after / path).read_bytes() for path in wanted}
    _say("migrating again")
    again = variants.migrate(after)
    _say("judging")
    tallies = {
        "untouched": tally.tally(wanted, before, before),
        "sed": tally.tally(wanted, before, {path: variants.sed(content) for path, content in before.items()}),
        "envkit": tally.tally(wanted, before, ours, said),
    }
    tallies["envkit"].again = sum(bool(one.rewrites) for one in again.values())
    return tallies


def _scratch() -> AbstractContextManager[Scratch]:
    from benchmarks.scratch import scratch

    return scratch()


def _concluded(found: Measured, *, keep: bool) -> int:
    print(results.counted(found.rows))
    for one in found.ran:
        print(f"{one.name}: {one.before} -> {one.after}")
    print(page.table(found.speed), end="")
    if not keep:
        RESULTS.write_text(json.dumps(results.to_data(found), indent=1) + "\n", "utf-8")
        PAGE.write_text(results.written(found), "utf-8")
    _say(f"below the bar: {', '.join(found.missed)}" if found.missed else "every bar holds")
    return 1 if found.missed else 0


def _about(count: int) -> str:
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return (
        f"{count} files were found of the {results.SHOWN} that the bars were set for. {os.cpu_count()} cores, "
        f"{memory} GiB of memory, {platform.system()} on {platform.machine()}, Python {platform.python_version()}, "
        f"LibCST {version('libcst')}"
    )


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
