"""Cold build
Build an image from packages: assemble and import Debian's root file system and run every step of the Dockerfile,
compared with the same for the plain image. No layer comes from the engine's cache, because each round builds a new
base image; both sides download from the same mirrors. The bar is 1.0. Measured only with `--cold`, because it takes
minutes.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks import plain_image
from benchmarks.clock import BenchmarkError, alternate
from benchmarks.figures import Figure
from benchmarks.scratch import unique
from envkit import catalog, config, naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

ROUNDS = 2


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figure of a cold build."""
    turns = {"envkit": lambda: _time_envkit_build(scratch), "plain": lambda: _time_plain_build(scratch)}
    durations = alternate(ROUNDS, turns, warm_ups=0)
    ours, theirs = tuple(durations["envkit"]), tuple(durations["plain"])
    yield Figure("cold/build", "cold image build", ours, theirs, "cold build of the plain image", bar=1.0)


def _time_envkit_build(scratch: Scratch) -> float:
    project = scratch.project(unique("cold"))
    base = naming.base_ref(catalog.release(config.load("").tensorflow).suite)
    with _hide_image(scratch, base):
        start = time.perf_counter()
        project.envkit("build", "--quiet")
        duration = time.perf_counter() - start
        if not scratch.has(base):
            raise BenchmarkError("envkit build built no base image, so this was not a cold build")
        scratch.remove_image(scratch.build(project))
        scratch.remove_image(base)
    return duration


@contextmanager
def _hide_image(scratch: Scratch, ref: str) -> Iterator[None]:
    """Rename an image temporarily, so that envkit builds it again."""
    backup = f"{plain_image.REPOSITORY}:{unique('kept')}"
    if not scratch.has(ref):
        yield
        return
    scratch.engine.images.get(ref).tag(backup)
    scratch.engine.images.remove(ref, noprune=True)
    try:
        yield
    finally:
        scratch.engine.images.get(backup).tag(ref)
        scratch.engine.images.remove(backup, noprune=True)


def _time_plain_build(scratch: Scratch) -> float:
    ref, base = (f"{plain_image.REPOSITORY}:{unique(name)}" for name in ("image", "rootfs"))
    start = time.perf_counter()
    plain_image.build(scratch, ref, base)
    duration = time.perf_counter() - start
    scratch.remove_image(ref)
    scratch.remove_image(base)
    return duration
