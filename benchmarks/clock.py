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
PAUSE_S = 0.01  # between two looks at a server that does not answer yet
LAST_BYTES = 3000


class Failed(Exception):
    """A program that is measured did not do its work, so there is no figure."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program took: seconds on the wall, and of the processor for it and its children."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Launch:
    """What a program took, and how long after its start the server it starts answered."""

    whole: Spent
    answered_s: float


def spend(
    argv: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None,
    time_limit_s: float = TIME_LIMIT_S, codes: Collection[int] = (0,),
) -> Spent:
    """Run a program to its end and say what it took.

    Raises:
        Failed: It ended with a code that is none of `codes`, or ran too long.
        OSError: It could not be started.
    """
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=said,
            stderr=subprocess.STDOUT,
        )
        limit = threading.Timer(time_limit_s, process.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            limit.cancel()
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_BYTES))
            last = said.read().decode(errors="replace")
            raise Failed(f"{' '.join(map(str, argv))} ended with {process.returncode}\n{last}")
    return Spent(wall_s, usage.ru_utime + usage.ru_stime)


def launch(start: Callable[[], Spent], answers: Callable[[], bool], *, time_limit_s: float = 120) -> Launch:
    """Run what starts a server, asking that server all the while.

    Args:
        start: Runs the program.
        answers: Says whether the server serves; must be cheap.
        time_limit_s: How long to ask.

    Raises:
        Failed: The program failed, or the server never answered.
    """
    begun, over = time.perf_counter(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(_first, answers, begun, over, time_limit_s)
        try:
            whole = start()
        except BaseException:
            over.set()
            raise
        return Launch(whole, seen.result())


def alternate(rounds: int, turns: Mapping[str, Callable[[], T]], *, warm_ups: int = 1) -> dict[str, list[T]]:
    """Let everybody take a turn in every round, and return what each turn gave but for the first rounds."""
    given: dict[str, list[T]] = {name: [] for name in turns}
    for number in range(warm_ups + rounds):
        for name, turn in turns.items():
            one = turn()
            if number >= warm_ups:
                given[name].append(one)
    return given


def _first(answers: Callable[[], bool], begun: float, over: threading.Event, time_limit_s: float) -> float:
    while not over.is_set():
        if answers():
            return time.perf_counter() - begun
        if time.perf_counter() - begun > time_limit_s:
            raise Failed(f"the server did not answer within {time_limit_s:.0f} s")
        over.wait(PAUSE_S)
    raise Failed("the program that starts the server failed")
