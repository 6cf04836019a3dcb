"""Smoke test
`envkit smoke` with envkit's own image without a GPU: check packages and TensorFlow; train, save, load and convert a
network. The bar is 60 s on two cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.clock import run_timed
from benchmarks.figures import Figure
from benchmarks.scratch import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

ROUNDS = 3


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the time of a smoke test."""
    ref = scratch.build(scratch.project("smoke"))
    argv = [*command(), "smoke", ref, "--expect", "cpu"]
    yield Figure(
        "smoke/cpu", "envkit smoke of the CPU image", tuple(run_timed(argv).wall_s for _ in range(ROUNDS)), bar=60
    )
