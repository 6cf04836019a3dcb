"""`python -m benchmarks.migrate --corpus FOLDER`: evaluate `envkit migrate` on old code and measure its time."""

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
from benchmarks.clock import BenchmarkError
from benchmarks.migrate import cross_check, golden, results, speed, suites, tally, variants
from benchmarks.migrate.results import BenchmarkResults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from docker import DockerClient

    from benchmarks.migrate.tally import Tally
    from benchmarks.migrate.variants import MigrationReport
    from benchmarks.scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/migrate-benchmarks.md"
RESULTS = ROOT / "benchmarks/migrate/results.json"
PARTS = ("counts", "golden", "tests", "speed")
CANNOT_MEASURE = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; return exit code 0 if the checkouts are missing, 1 if a bar is missed, 3 if a measurement fails."""
    args = _parser().parse_args(argv)
    if args.corpus is None or not args.corpus.is_dir():
        _log("skipped: no checkouts given; hint: make bench-migrate CORPUS=FOLDER with a folder OWNER+NAME for each")
        return 0
    try:
        with ExitStack() as stack:
            return _measure(args, args.corpus.resolve(), stack)
    except BenchmarkError as error:
        _log(str(error))
        return CANNOT_MEASURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.migrate", description="Evaluate envkit migrate on old code.")
    parser.add_argument("--corpus", type=Path, help="folder with the checkouts, OWNER+NAME each")
    parser.add_argument(
        "--golden", type=Path, metavar="FOLDER", help="folder with clones, OWNER+NAME each, for manual migrations"
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="run only this part; repeatable")
    parser.add_argument("--keep", action="store_true", help="do not write results and page")
    parser.add_argument("--problems", type=Path, metavar="FILE", help="write all problems of the checker to a file")
    return parser


def _measure(args: argparse.Namespace, corpus: Path, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="envkit-bench-")))
    paths, parts = variants.files(corpus), args.only or PARTS
    if not paths:
        _log("skipped: no file imports standalone Keras")
        return 0
    _log(f"{len(paths)} files import standalone Keras")
    day, measurements = datetime.date.today().isoformat(), _saved_results(_describe_machine(len(paths)))  # noqa: DTZ011
    if "speed" in parts:
        _log("measuring times")
        measurements = replace(measurements, speed=figures.with_date(speed.measure(corpus, folder), day))
    if "golden" in parts and args.golden is not None:
        _log("comparing with manual migrations")
        scratch = stack.enter_context(_open_scratch())
        pairs = golden.run(scratch.engine, scratch.build(scratch.project("migrate")), args.golden)
        measurements = replace(measurements, golden=tuple(pairs), compared_on=day)
    if {"counts", "tests"} & {*parts}:
        after = variants.copy(corpus, folder / "after")
        _log("migrating")
        reports = variants.migrate(after)
        scratch = stack.enter_context(_open_scratch())
        image = scratch.build(scratch.project("migrate"))
        if "counts" in parts:
            rows = _rows(corpus, after, paths, reports, (scratch.engine, image), args.problems)
            measurements = replace(measurements, rows=tuple(rows), counted_on=day)
        if "tests" in parts:
            _log("running the tests of the checkouts")
            suite_results = tuple(suites.run(scratch.engine, image, corpus, after))
            measurements = replace(measurements, suites=suite_results, tested_on=day)
    return _finish(measurements, keep=args.keep)


def _saved_results(machine: str) -> BenchmarkResults:
    """Load earlier results of the same machine and the same number of files."""
    if RESULTS.exists():
        saved = results.from_data(json.loads(RESULTS.read_text("utf-8")))
        if saved.machine == machine:
            return saved
    return BenchmarkResults(machine)


def _rows(
    corpus: Path,
    after: Path,
    paths: Sequence[Path],
    reports: Mapping[Path, MigrationReport],
    tensorflow: tuple[DockerClient, str],
    problems_file: Path | None,
) -> list[results.Row]:
    tallies = _tallies(corpus, after, paths, reports)
    _log("checking with the real TensorFlow")
    cross_check.check(tallies["envkit"], *tensorflow, after, paths)
    if problems_file is not None:
        lines = [f"{method}: {line}\n" for method, totals in tallies.items() for line in totals.problems]
        problems_file.write_text("".join(lines), "utf-8")
    return results.rows(tallies, tallies["untouched"].convolutions)


def _tallies(
    corpus: Path, after: Path, paths: Sequence[Path], reports: Mapping[Path, MigrationReport]
) -> dict[str, Tally]:
    before = {path: (corpus / path).read_bytes() for path in paths}
    migrated = {path: (after / path).read_bytes() for path in paths}
    _log("migrating again")
    second_run = variants.migrate(after)
    _log("checking")
    tallies = {
        "untouched": tally.tally(paths, before, before),
        "sed": tally.tally(paths, before, {path: variants.sed(content) for path, content in before.items()}),
        "envkit": tally.tally(paths, before, migrated, reports),
    }
    tallies["envkit"].unstable = sum(bool(report.rewrites) for report in second_run.values())
    return tallies


def _open_scratch() -> AbstractContextManager[Scratch]:
    from benchmarks.scratch import open_scratch

    return open_scratch()


def _finish(measurements: BenchmarkResults, *, keep: bool) -> int:
    print(results.terminal_table(measurements.rows))
    for suite_result in measurements.suites:
        print(f"{suite_result.name}: {suite_result.before} -> {suite_result.after}")
    print(page.table(measurements.speed), end="")
    if not keep:
        RESULTS.write_text(json.dumps(results.to_data(measurements), indent=1) + "\n", "utf-8")
        PAGE.write_text(results.render_page(measurements), "utf-8")
    _log(f"missed bars: {', '.join(measurements.missed_bars)}" if measurements.missed_bars else "every bar holds")
    return 1 if measurements.missed_bars else 0


def _describe_machine(count: int) -> str:
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return (
        f"{count} files; the bars were set for {results.CORPUS_SIZE}. {os.cpu_count()} cores, {memory} GiB of memory, "
        f"{platform.system()} on {platform.machine()}, Python {platform.python_version()}, LibCST {version('libcst')}"
    )


def _log(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
