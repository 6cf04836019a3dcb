"""Measure the time of programs, and alternate between them."""

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
POLL_INTERVAL_S = 0.01
TAIL_BYTES = 3000


class BenchmarkError(Exception):
    """A measured program failed, so there is no figure."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of a program: wall time, and CPU time including children, in seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Launch:
    """Resources of a program that starts a server, and seconds until the server answered."""

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
    """Run a program and measure its time.

    Raises:
        BenchmarkError: If the exit code is not in `codes`, or at the time limit.
        OSError: If the program could not be started.
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
            raise BenchmarkError(f"{' '.join(map(str, argv))} exited with code {process.returncode}\n{tail}")
    return Usage(wall_s, usage.ru_utime + usage.ru_stime)


def launch(start: Callable[[], Usage], is_ready: Callable[[], bool], *, time_limit_s: float = 120) -> Launch:
    """Run a program that starts a server, and poll the server meanwhile.

    Args:
        start: Function that runs the program.
        is_ready: Function that returns whether the server answers; must be cheap.
        time_limit_s: Seconds to poll.

    Raises:
        BenchmarkError: If the program failed or the server did not answer.
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
    """Call every function in each round; return the results by name without the warm-up rounds."""
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
