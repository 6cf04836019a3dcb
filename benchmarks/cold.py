"""Cold build
From no image at all to a finished one: Debian's root file system assembled from packages, imported, and every step of
the Dockerfile run, beside the same for the plain image. No layer comes from the engine's cache, because each round
builds on a base image of its own; both sides download from the same mirrors. The bar is 1.0. Measured with `--cold`
alone: it takes minutes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import plain_image
from benchmarks.clock import alternate
from benchmarks.figures import Figure
from benchmarks.scratch import unique
from envkit import catalog, config, names, rootfs, state
from envkit.engines import connect, images
from envkit.engines.endpoint import endpoint
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch
    from envkit.model.report import Progress

ROUNDS = 2


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figure of a build from nothing."""
    turns = {"envkit": lambda: _ours(scratch), "plain": lambda: _plain(scratch)}
    took = alternate(ROUNDS, turns, warm_ups=0)
    ours, theirs = tuple(took["envkit"]), tuple(took["plain"])
    yield Figure("cold/build", "image from nothing", ours, theirs, "the plain image from nothing", bar=1.0)


def _ours(scratch: Scratch) -> float:
    project = scratch.project(unique("cold"))
    base = f"{plain_image.REPOSITORY}:{unique('base')}"
    scratch.ending.callback(scratch.remove_image, base)
    # An environment goes on with the base it remembers: with this one, which no layer was ever built on.
    state.save(project.place, State(project.name, str(project.folder), base_ref=base))
    begun = time.perf_counter()
    _base(scratch, base)
    project.envkit("build", "--quiet")
    took = time.perf_counter() - begun
    scratch.remove_image(scratch.build(project))
    scratch.remove_image(base)
    return took


def _base(scratch: Scratch, ref: str) -> None:
    """Make the base as an `up` does that finds none."""
    suite = catalog.release(config.load("").tensorflow).suite
    tar = scratch.folder / "base.tar"
    origin = rootfs.make(suite, "", tar, _silent)
    labels = {names.MANAGED: "1", names.SUITE: suite, names.ORIGIN: origin}
    images.import_tar(connect.connect(endpoint()), tar, ref, labels)
    tar.unlink()


def _plain(scratch: Scratch) -> float:
    ref, base = (f"{plain_image.REPOSITORY}:{unique(name)}" for name in ("image", "rootfs"))
    begun = time.perf_counter()
    plain_image.make(scratch, ref, base)
    took = time.perf_counter() - begun
    scratch.remove_image(ref)
    scratch.remove_image(base)
    return took


def _silent(_: Progress) -> None:
    """Take news and show none."""
