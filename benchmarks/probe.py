"""Probe
`envkit probe` in an environment without a GPU, compared with a bare `import tensorflow` by the same Python in the same
container, which takes most of the time of a probe. The remaining time, from the start of the command to its end, has a
bar of 2 s.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError, alternate
from benchmarks.figures import Figure
from envkit import naming
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Project, Scratch

ROUNDS = 5
IMPORT = "only import tensorflow"


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of a probe."""
    project = scratch.project("probe")
    project.envkit("up", "--quiet")
    durations = alternate(
        ROUNDS,
        {"probe": lambda: project.envkit("probe", "--quiet").wall_s, "import": lambda: _time_import(scratch, project)},
    )
    ours, theirs = tuple(durations["probe"]), tuple(durations["import"])
    overhead = tuple(probe_s - import_s for probe_s, import_s in zip(ours, theirs, strict=True))
    yield Figure("probe/import", "envkit probe", ours, theirs, IMPORT)
    yield Figure("probe/beyond", "envkit probe without the import", overhead, bar=2.0)


def _time_import(scratch: Scratch, project: Project) -> float:
    container = scratch.engine.containers.get(naming.container(os.getuid(), project.name))
    start = time.perf_counter()
    code, output = container.exec_run([guest_runner.PYTHON, "-c", "import tensorflow"], stream=False)
    duration = time.perf_counter() - start
    if code:
        raise BenchmarkError(f"import tensorflow exited with code {code}\n{output!r}")
    return duration
