"""The host
`envkit doctor` looks at engine, disk, memory, driver, ports, keys, and at the registry, mirror and package index, all
at once. What does not answer costs little more than what does: there is one limit for all. The bar is 2 s.
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
CODES = frozenset({0, 1})  # 1: something is wrong with this host, which takes as long to find


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the seconds that a look at this host takes."""
    folder = scratch.project("doctor").folder
    _check_report(folder)
    seconds = tuple(run_timed([*command(), "doctor"], cwd=folder, codes=CODES).wall_s for _ in range(ROUNDS))
    yield Figure("doctor/host", "envkit doctor", seconds, bar=2.0)


def _check_report(folder: Path) -> None:
    """Look once, outside of any figure: that it ends with 1 has to mean findings, and not that it cannot run."""
    argv = [*command(), "doctor", "--format", "json"]
    completed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    try:
        findings = json.loads(completed.stdout)["findings"]
    except (ValueError, KeyError) as error:
        raise BenchmarkError(
            f"envkit doctor ended with {completed.returncode} and no report\n{completed.stderr}"
        ) from error
    if not findings:
        raise BenchmarkError("envkit doctor looked at nothing")
