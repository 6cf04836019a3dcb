"""`python -m benchmarks`: measure, print and write figures, and compare them with bars."""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import cold, doctor, figures, first, image, light, machine, package, probe, smoke, unchanged
from benchmarks import page as pages
from benchmarks.clock import BenchmarkError
from benchmarks.scratch import open_scratch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from benchmarks.figures import Figure, Machine
    from benchmarks.scratch import Scratch

MEASURES = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        unchanged,
        first,
        light,
        doctor,
        probe,
        smoke,
        image,
        package,
        cold,
    )
}
SLOW = frozenset({"cold"})
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results.json"
PAGE = ROOT / "docs/reference/benchmarks.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the selected measures; return exit code 1 if a bar is missed, 3 if a measure fails."""
    args = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # raise, so that everything started is cleaned up
    measure_names = args.only or [name for name in MEASURES if name not in SLOW or args.cold]
    if busy := machine.busy_warning():
        _log(f"{busy}; ratios are more reliable than seconds")
    try:
        with open_scratch() as scratch:
            host = machine.describe(scratch.engine)
            measurements = figures.with_date(_run_measures(measure_names, scratch), datetime.date.today().isoformat())  # noqa: DTZ011
    except BenchmarkError as error:
        _log(str(error))
        return 3
    if not args.keep:
        _write(measurements, host)
    print(pages.table(measurements), end="")
    missed_keys = [figure.key for figure in measurements if not figure.holds]
    print(f"missed bars: {', '.join(missed_keys)}" if missed_keys else "every bar holds")
    return 1 if missed_keys else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and size of envkit.")
    parser.add_argument("--cold", action="store_true", help="include cold builds, which take minutes")
    parser.add_argument("--only", action="append", choices=MEASURES, help="run only this measure; repeatable")
    parser.add_argument("--keep", action="store_true", help="do not write results.json and the page")
    return parser


def _run_measures(measure_names: Collection[str], scratch: Scratch) -> list[Figure]:
    measurements = []
    for name in measure_names:
        start = time.monotonic()
        _log(f"measuring: {name}")
        measurements += list(MEASURES[name].measure(scratch))
        _log(f"measured: {name} in {time.monotonic() - start:.0f} s")
    return measurements


def _write(measurements: Sequence[Figure], host: Machine) -> None:
    """Write results and page; figures of other measures are kept if the machine is the same."""
    all_figures = figures.merge(_saved_figures(host), measurements, {name: rank for rank, name in enumerate(MEASURES)})
    data = {"machine": asdict(host), "figures": [figures.to_data(figure) for figure in all_figures]}
    RESULTS.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    descriptions = {name: str(module.__doc__) for name, module in MEASURES.items()}
    PAGE.write_text(pages.page(all_figures, host, descriptions), "utf-8")


def _saved_figures(host: Machine) -> list[Figure]:
    if not RESULTS.exists():
        return []
    data: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return [figures.from_data(item) for item in data["figures"]] if data["machine"] == asdict(host) else []


def _log(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
