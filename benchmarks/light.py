"""Light commands
`envkit version` is what scripts and editors call often. `envkit status` lists 30 environments: 30 containers with
envkit's labels and 30 state folders. The bars are 0.1 s of processor time, and 1 s.
"""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

from benchmarks.clock import Failed, spend
from benchmarks.figures import Figure
from benchmarks.scratch import command, unique
from envkit import names, state
from envkit.engines.endpoint import endpoint
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

VERSIONS, STATUSES = 20, 10
ENVIRONMENTS = 30


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of commands that change nothing."""
    version = [spend([*command(), "version"]).cpu_s for _ in range(1 + VERSIONS)]
    yield Figure("light/version", "envkit version", tuple(version[1:]), unit="CPU s", bar=0.1)
    _fill(scratch)
    status = [spend([*command(), "status"]).wall_s for _ in range(1 + STATUSES)]
    yield Figure("light/status", f"envkit status, {ENVIRONMENTS} environments", tuple(status[1:]), bar=1.0)


def _fill(scratch: Scratch) -> None:
    """Make environments that look real to `status` and cost nothing: containers that never start."""
    api, ref = scratch.engine.api, f"{unique('nothing')}:1"
    api.import_image_from_data(_nothing(), repository=ref[:-2], tag="1")
    scratch.ending.callback(scratch.remove_image, ref)
    for number in range(ENVIRONMENTS):
        name, project = unique(str(number)), str(scratch.folder / "environments" / str(number))
        title = names.container(os.getuid(), name)
        labels = {**names.labels(os.getuid(), name, project), names.PORT: str(40000 + number)}
        api.create_container(ref, ["nothing"], name=title, labels=labels)
        scratch.ending.callback(api.remove_container, title)
        state.save(state.place(endpoint(), project), State(name, project, verdict="TensorFlow computes"))
    if len(list(state.all_of(endpoint()))) < ENVIRONMENTS:
        raise Failed("the environments were not remembered")


def _nothing() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    return packed.getvalue()
