"""Time that a program takes, and turns that programs take."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")

TIME_LIMIT_S = 600.0
POLL_INTERVAL_S = 0.01  # between two looks at a server that does not answer yet
TAIL_BYTES = 3000


class BenchmarkError(Exception):
    """A program that is measured did not do its work, so there is no figure."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a program took: seconds on the wall, and of the processor for it and its children."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Launch:
    """What a program took, and how long after its start the server it starts answered."""

    usage: Usage
    ready_s: float


def run_timed(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    codes: Collection[int] = (0,),
) -> Usage:
    """Run a program to its end and say what it took.

    Raises:
        Failed: It ended with a code that is none of `codes`, or ran too long.
        OSError: It could not be started.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        timer = threading.Timer(time_limit_s, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL_BYTES))
            tail = output.read().decode(errors="replace")
            raise BenchmarkError(f"{' '.join(map(str, argv))} ended with {process.returncode}\n{tail}")
    return Usage(wall_s, usage.ru_utime + usage.ru_stime)


def launch(start: Callable[[], Usage], is_ready: Callable[[], bool], *, time_limit_s: float = 120) -> Launch:
    """Run what starts a server, asking that server all the while.

    Args:
        start: Runs the program.
        is_ready: Says whether the server serves; must be cheap.
        time_limit_s: How long to ask.

    Raises:
        Failed: The program failed, or the server never answered.
    """
    start_time, stop = time.perf_counter(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(_wait_until_ready, is_ready, start_time, stop, time_limit_s)
        try:
            usage = start()
        except BaseException:
            stop.set()
            raise
        return Launch(usage, ready.result())


def alternate(rounds: int, turns: Mapping[str, Callable[[], T]], *, warm_ups: int = 1) -> dict[str, list[T]]:
    """Let everybody take a turn in every round, and return what each turn gave but for the first rounds."""
    results: dict[str, list[T]] = {name: [] for name in turns}
    for number in range(warm_ups + rounds):
        for name, turn in turns.items():
            result = turn()
            if number >= warm_ups:
                results[name].append(result)
    return results


def _wait_until_ready(
    is_ready: Callable[[], bool], start_time: float, stop: threading.Event, time_limit_s: float
) -> float:
    while not stop.is_set():
        if is_ready():
            return time.perf_counter() - start_time
        if time.perf_counter() - start_time > time_limit_s:
            raise BenchmarkError(f"the server did not answer within {time_limit_s:.0f} s")
        stop.wait(POLL_INTERVAL_S)
    raise BenchmarkError("the program that starts the server failed")
