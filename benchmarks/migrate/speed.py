"""Time and memory of `envkit migrate --write`, compared with LibCST's codemod driver."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import psutil

from benchmarks.clock import alternate, run_timed
from benchmarks.figures import Figure
from benchmarks.migrate import variants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = 3
WORD = b"keras"
POLL_INTERVAL_S = 0.05
DRIVER = (sys.executable, "-m", "benchmarks.migrate.driver")
MB = 10**6
TOTAL_BAR_S, RATIO_BAR, GROWTH_BAR = 30.0, 0.5, 1.25


def measure(corpus: Path, scratch: Path) -> Iterator[Figure]:
    """Yield the figures; every round uses new copies."""
    numbers = itertools.count()

    def fresh_copy(paths: list[Path] | None) -> Path:
        return variants.copy(corpus, scratch / f"copy-{next(numbers)}", paths)

    full_runs = [run_timed(_argv(fresh_copy(None)), codes=variants.EXPECTED_CODES) for _ in range(ROUNDS)]
    yield Figure(
        "speed/whole",
        "all checkouts",
        tuple(usage.wall_s for usage in full_runs),
        bar=TOTAL_BAR_S,
    )
    yield Figure("speed/processor", "all checkouts", tuple(usage.cpu_s for usage in full_runs), unit="CPU s")
    keras_paths = [path.relative_to(corpus) for path in sorted(corpus.rglob("*.py")) if WORD in path.read_bytes()]
    turns = alternate(
        ROUNDS,
        {
            "ours": lambda: run_timed(_argv(fresh_copy(keras_paths)), codes=variants.EXPECTED_CODES),
            "theirs": lambda: run_timed([*DRIVER, str(fresh_copy(keras_paths))]),
            "fast": lambda: run_timed([*DRIVER, str(fresh_copy(keras_paths)), "fast"]),
        },
        warm_ups=0,
    )
    wall_times, cpu_times = (
        {name: tuple(getattr(usage, unit) for usage in usages) for name, usages in turns.items()}
        for unit in ("wall_s", "cpu_s")
    )
    yield Figure(
        "speed/driver",
        f"{len(keras_paths)} source files with the word keras",
        wall_times["ours"],
        wall_times["theirs"],
        "LibCST's driver with the same transform",
        bar=RATIO_BAR,
    )
    yield Figure(
        "speed/driver-processor",
        "the same files",
        cpu_times["ours"],
        cpu_times["theirs"],
        "LibCST's driver",
        unit="CPU s",
    )
    yield Figure(
        "speed/driver-fast",
        "the same files",
        wall_times["ours"],
        wall_times["fast"],
        "LibCST's driver with envkit's positions and scopes",
    )
    yield Figure(
        "speed/driver-fast-processor",
        "the same files",
        cpu_times["ours"],
        cpu_times["fast"],
        "LibCST's driver with envkit's positions and scopes",
        unit="CPU s",
    )
    doubled = scratch / "twice"
    for name in ("first", "second"):
        variants.copy(corpus, doubled / name)
    yield from _measure_memory(fresh_copy(None), doubled)


def _measure_memory(single: Path, doubled: Path) -> Iterator[Figure]:
    peaks = [peak_memory(_argv(folder)) / MB for folder in (single, doubled)]
    yield Figure("speed/memory", "peak memory of all processes", (peaks[0],), unit="MB")
    yield Figure(
        "speed/growth",
        "peak memory with every file twice",
        (peaks[1],),
        (peaks[0],),
        "every file once",
        unit="MB",
        bar=GROWTH_BAR,
    )


def _argv(folder: Path) -> list[str]:
    return [*variants.COMMAND, str(folder), "--write", "--format", "json", "--quiet"]


def peak_memory(argv: list[str]) -> int:
    """Run a program and return the peak memory of it and its children in bytes; shared pages count once."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    maximum, exited = 0, threading.Event()

    def wait() -> None:
        process.wait()
        exited.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not exited.wait(POLL_INTERVAL_S):
        maximum = max(maximum, _memory_of(psutil.Process(process.pid)))
    waiter.join()
    return maximum


def _memory_of(process: psutil.Process) -> int:
    total = 0
    try:
        for child in [process, *process.children(recursive=True)]:
            total += int(child.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    return total
