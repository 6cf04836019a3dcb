"""Probe
`envkit probe` in an environment without a GPU, beside a bare `import tensorflow` by the same Python in the same
container, which is most of what a probe waits for. What it takes beyond that, from the start of the command to its
end, has a bar of 2 s.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from benchmarks.clock import Failed, alternate
from benchmarks.figures import Figure
from envkit import names
from envkit.observe import guest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Project, Scratch

ROUNDS = 5
IMPORT = "import tensorflow alone"


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of a probe."""
    project = scratch.project("probe")
    project.envkit("up", "--quiet")
    took = alternate(
        ROUNDS,
        {"probe": lambda: project.envkit("probe", "--quiet").wall_s, "import": lambda: _imported(scratch, project)},
    )
    ours, theirs = tuple(took["probe"]), tuple(took["import"])
    beyond = tuple(one - other for one, other in zip(ours, theirs, strict=True))
    yield Figure("probe/import", "envkit probe", ours, theirs, IMPORT)
    yield Figure("probe/beyond", "envkit probe, what it takes beyond the import", beyond, bar=2.0)


def _imported(scratch: Scratch, project: Project) -> float:
    container = scratch.engine.containers.get(names.container(os.getuid(), project.name))
    begun = time.perf_counter()
    code, said = container.exec_run([guest.PYTHON, "-c", "import tensorflow"], stream=False)
    took = time.perf_counter() - begun
    if code:
        raise Failed(f"import tensorflow ended with {code}\n{said!r}")
    return took
