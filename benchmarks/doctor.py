"""Host checks
`envkit doctor` checks engine, disk, memory, driver, ports, keys, and the registry, mirror and package index, all
concurrently. One timeout covers all of them, so a server that does not answer adds little time. The bar is 2 s.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError, run_timed
from benchmarks.figures import Figure
from benchmarks.scratch import command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.scratch import Scratch

ROUNDS = 10
CODES = frozenset({0, 1})  # 1: a check failed, which takes the same time


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the time of a check of this host."""
    folder = scratch.project("doctor").folder
    _check_report(folder)
    seconds = tuple(run_timed([*command(), "doctor"], cwd=folder, codes=CODES).wall_s for _ in range(ROUNDS))
    yield Figure("doctor/host", "envkit doctor", seconds, bar=2.0)


def _check_report(folder: Path) -> None:
    """Run doctor once unmeasured: exit code 1 must mean failed checks, not that doctor cannot run."""
    argv = [*command(), "doctor", "--format", "json"]
    completed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    try:
        findings = json.loads(completed.stdout)["findings"]
    except (ValueError, KeyError) as error:
        raise BenchmarkError(
            f"envkit doctor exited with code {completed.returncode} without a report\n{completed.stderr}"
        ) from error
    if not findings:
        raise BenchmarkError("envkit doctor reported no findings")
