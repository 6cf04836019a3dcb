"""`python -m benchmarks`: measure, print, write, and judge."""

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
from benchmarks.clock import Failed
from benchmarks.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from benchmarks.figures import Figure, Machine
    from benchmarks.scratch import Scratch

MEASURES = {one.__name__.rpartition(".")[2]: one for one in (
    unchanged, first, light, doctor, probe, smoke, image, package, cold,
)}
SLOW = frozenset({"cold"})
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results.json"
PAGE = ROOT / "docs/benchmarks.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for and return the exit code: 1 below a bar, 3 where something cannot be measured."""
    asked = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is taken down all the same
    chosen = asked.only or [name for name in MEASURES if name not in SLOW or asked.cold]
    if busy := machine.busy():
        _say(f"{busy}; ratios hold better than seconds")
    try:
        with scratch() as place:
            here = machine.look(place.engine)
            measured = figures.dated(_measured(chosen, place), datetime.date.today().isoformat())  # noqa: DTZ011
    except Failed as error:
        _say(str(error))
        return 3
    if not asked.keep:
        _write(measured, here)
    print(pages.table(measured), end="")
    missed = [one.key for one in measured if not one.holds]
    print(f"below the bar: {', '.join(missed)}" if missed else "every bar holds")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and size of envkit.")
    parser.add_argument("--cold", action="store_true", help="builds from nothing too, which take minutes")
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure alone; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave results.json and the page as they are")
    return parser


def _measured(chosen: Collection[str], place: Scratch) -> list[Figure]:
    found = []
    for name in chosen:
        begun = time.monotonic()
        _say(f"measuring: {name}")
        found += list(MEASURES[name].measure(place))
        _say(f"measured: {name}, in {time.monotonic() - begun:.0f} s")
    return found


def _write(measured: Sequence[Figure], here: Machine) -> None:
    """Write results and page; what was not measured again stays if it was measured on a machine like this one."""
    together = figures.merged(_before(here), measured, {name: rank for rank, name in enumerate(MEASURES)})
    data = {"machine": asdict(here), "figures": [figures.to_data(one) for one in together]}
    RESULTS.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    abouts = {name: str(module.__doc__) for name, module in MEASURES.items()}
    PAGE.write_text(pages.page(together, here, abouts), "utf-8")


def _before(here: Machine) -> list[Figure]:
    if not RESULTS.exists():
        return []
    data: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return [figures.from_data(one) for one in data["figures"]] if data["machine"] == asdict(here) else []


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
