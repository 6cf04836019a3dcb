"""Light commands
Scripts and editors call `envkit version` often. `envkit status` lists 30 environments: 30 containers with envkit's
labels and 30 state folders. The bars are 0.1 s of CPU time, and 1 s.
"""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError, run_timed
from benchmarks.figures import Figure
from benchmarks.scratch import command, unique
from envkit import naming, state
from envkit.backends.endpoint import current_endpoint
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

VERSION_RUNS, STATUS_RUNS = 20, 10
ENVIRONMENTS = 30


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of commands that change nothing."""
    version_times = [run_timed([*command(), "version"]).cpu_s for _ in range(1 + VERSION_RUNS)]
    yield Figure("light/version", "envkit version", tuple(version_times[1:]), unit="CPU s", bar=0.1)
    _create_environments(scratch)
    status_times = [run_timed([*command(), "status"]).wall_s for _ in range(1 + STATUS_RUNS)]
    yield Figure("light/status", f"envkit status, {ENVIRONMENTS} environments", tuple(status_times[1:]), bar=1.0)


def _create_environments(scratch: Scratch) -> None:
    """Create fake environments for `status`: labeled containers that never start."""
    api, ref = scratch.engine.api, f"{unique('nothing')}:1"
    api.import_image_from_data(_empty_image(), repository=ref[:-2], tag="1")
    scratch.exit_stack.callback(scratch.remove_image, ref)
    for number in range(ENVIRONMENTS):
        name, project = unique(str(number)), str(scratch.folder / "environments" / str(number))
        container_name = naming.container(os.getuid(), name)
        labels = {**naming.labels(os.getuid(), name, project), naming.PORT: str(40000 + number)}
        api.create_container(ref, ["nothing"], name=container_name, labels=labels)
        scratch.exit_stack.callback(api.remove_container, container_name)
        state.save(state.directory(current_endpoint(), project), State(name, project, verdict="TensorFlow computes"))
    if len(list(state.environments(current_endpoint()))) < ENVIRONMENTS:
        raise BenchmarkError("the state of the environments was not saved")


def _empty_image() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    return buffer.getvalue()
