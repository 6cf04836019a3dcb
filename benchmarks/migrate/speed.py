"""How long `envkit migrate --write` takes, beside LibCST's own driver of codemods, and how much memory."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import psutil

from benchmarks.clock import alternate, spend
from benchmarks.figures import Figure
from benchmarks.migrate import variants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = 3
WORD = b"keras"
LOOK_S = 0.05
DRIVER = (sys.executable, "-m", "benchmarks.migrate.driver")
MB = 10**6
WHOLE_BAR_S, RATIO_BAR, GROWTH_BAR = 30.0, 0.5, 1.25


def measure(corpus: Path, scratch: Path) -> Iterator[Figure]:
    """Yield the figures; every round gets copies of its own."""
    numbers = itertools.count()

    def fresh(wanted: list[Path] | None) -> Path:
        return variants.copy(corpus, scratch / f"copy-{next(numbers)}", wanted)

    whole = [spend(_argv(fresh(None)), codes=variants.DONE) for _ in range(ROUNDS)]
    yield Figure(
        "speed/whole", "all of the checkouts", tuple(one.wall_s for one in whole), bar=WHOLE_BAR_S,
    )
    yield Figure("speed/processor", "all of the checkouts", tuple(one.cpu_s for one in whole), unit="CPU s")
    words = [path.relative_to(corpus) for path in sorted(corpus.rglob("*.py")) if WORD in path.read_bytes()]
    turns = alternate(ROUNDS, {
        "ours": lambda: spend(_argv(fresh(words)), codes=variants.DONE),
        "theirs": lambda: spend([*DRIVER, str(fresh(words))]),
        "lent": lambda: spend([*DRIVER, str(fresh(words)), "lent"]),
    }, warm_ups=0)
    walls, processor = ({name: tuple(getattr(one, unit) for one in spent) for name, spent in turns.items()}
                        for unit in ("wall_s", "cpu_s"))
    yield Figure(
        "speed/driver", f"the {len(words)} files of source with the word keras", walls["ours"], walls["theirs"],
        "LibCST's driver with the same transform", bar=RATIO_BAR,
    )
    yield Figure(
        "speed/driver-processor", "the same files", processor["ours"], processor["theirs"],
        "LibCST's driver", unit="CPU s",
    )
    yield Figure(
        "speed/driver-lent", "the same files", walls["ours"], walls["lent"],
        "LibCST's driver with envkit's places and scopes",
    )
    yield Figure(
        "speed/driver-lent-processor", "the same files", processor["ours"], processor["lent"],
        "LibCST's driver with envkit's places and scopes", unit="CPU s",
    )
    twice = scratch / "twice"
    for name in ("one", "other"):
        variants.copy(corpus, twice / name)
    yield from _memory(fresh(None), twice)


def _memory(once: Path, twice: Path) -> Iterator[Figure]:
    peaks = [peak(_argv(folder)) / MB for folder in (once, twice)]
    yield Figure("speed/memory", "memory at its peak, of all processes", (peaks[0],), unit="MB")
    yield Figure(
        "speed/growth", "memory at its peak with every file there twice", (peaks[1],), (peaks[0],), "once", unit="MB",
        bar=GROWTH_BAR,
    )


def _argv(folder: Path) -> list[str]:
    return [*variants.COMMAND, str(folder), "--write", "--format", "json", "--quiet"]


def peak(argv: list[str]) -> int:
    """Run a program and return the most memory that it and its children had, shared pages counted once, in bytes."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most, over = 0, threading.Event()

    def wait() -> None:
        process.wait()
        over.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not over.wait(LOOK_S):
        most = max(most, _held(psutil.Process(process.pid)))
    waiter.join()
    return most


def _held(process: psutil.Process) -> int:
    held = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            held += int(one.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    return held
