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
from benchmarks.clock import BenchmarkError
from benchmarks.migrate import asked, golden, results, speed, suites, tally, variants
from benchmarks.migrate.results import BenchmarkResults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from docker import DockerClient

    from benchmarks.migrate.tally import Tally
    from benchmarks.migrate.variants import MigrationReport
    from benchmarks.scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/bench-migrate.md"
RESULTS = ROOT / "benchmarks/migrate/results.json"
PARTS = ("counts", "golden", "tests", "speed")
CANNOT_MEASURE = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit code: 0 where the checkouts are not there, 1 below a bar, 3 where it cannot be."""
    args = _parser().parse_args(argv)
    if args.corpus is None or not args.corpus.is_dir():
        _log("skipped: no checkouts are named: make bench-migrate CORPUS=FOLDER, with a folder OWNER+NAME for each")
        return 0
    try:
        with ExitStack() as stack:
            return _measure(args, args.corpus.resolve(), stack)
    except BenchmarkError as error:
        _log(str(error))
        return CANNOT_MEASURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.migrate", description="Judge envkit migrate on old code.")
    parser.add_argument("--corpus", type=Path, help="the folder with the checkouts, OWNER+NAME each")
    parser.add_argument("--golden", type=Path, metavar="FOLDER", help="clones, OWNER+NAME each, to compare with people")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave results and page as they are")
    parser.add_argument("--wrong", type=Path, metavar="FILE", help="write all that the checker has to say to a file")
    return parser


def _measure(args: argparse.Namespace, corpus: Path, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="envkit-bench-")))
    paths, parts = variants.files(corpus), args.only or PARTS
    if not paths:
        _log("skipped: no file there imports standalone Keras")
        return 0
    _log(f"{len(paths)} files import standalone Keras")
    day, measurements = datetime.date.today().isoformat(), _saved_results(_describe_machine(len(paths)))  # noqa: DTZ011
    if "speed" in parts:
        _log("measuring times")
        measurements = replace(measurements, speed=figures.with_date(speed.measure(corpus, folder), day))
    if "golden" in parts and args.golden is not None:
        _log("comparing with what people made")
        scratch = stack.enter_context(_open_scratch())
        pairs = golden.run(scratch.engine, scratch.build(scratch.project("migrate")), args.golden)
        measurements = replace(measurements, golden=tuple(pairs), paired=day)
    if {"counts", "tests"} & {*parts}:
        after = variants.copy(corpus, folder / "after")
        _log("migrating")
        reports = variants.migrate(after)
        scratch = stack.enter_context(_open_scratch())
        image = scratch.build(scratch.project("migrate"))
        if "counts" in parts:
            rows = _rows(corpus, after, paths, reports, (scratch.engine, image), args.wrong)
            measurements = replace(measurements, rows=tuple(rows), counted=day)
        if "tests" in parts:
            _log("running the tests of checkouts")
            measurements = replace(
                measurements, ran=tuple(suites.run(scratch.engine, image, corpus, after)), tested=day
            )
    return _finish(measurements, keep=args.keep)


def _saved_results(machine: str) -> BenchmarkResults:
    """Return what was measured before on a machine like this one, and as many files."""
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
    _log("asking the real TensorFlow")
    asked.cross_check(tallies["envkit"], *tensorflow, after, paths)
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
    _log("judging")
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
    for suite_result in measurements.ran:
        print(f"{suite_result.name}: {suite_result.before} -> {suite_result.after}")
    print(page.table(measurements.speed), end="")
    if not keep:
        RESULTS.write_text(json.dumps(results.to_data(measurements), indent=1) + "\n", "utf-8")
        PAGE.write_text(results.render_page(measurements), "utf-8")
    _log(f"below the bar: {', '.join(measurements.missed_bars)}" if measurements.missed_bars else "every bar holds")
    return 1 if measurements.missed_bars else 0


def _describe_machine(count: int) -> str:
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return (
        f"{count} files were found of the {results.CORPUS_SIZE} that the bars were set for. {os.cpu_count()} cores, "
        f"{memory} GiB of memory, {platform.system()} on {platform.machine()}, Python {platform.python_version()}, "
        f"LibCST {version('libcst')}"
    )


def _log(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
