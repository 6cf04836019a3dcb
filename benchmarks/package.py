"""One more Python package
A line is added under `python:` and `envkit build` run, with the environment's image there. One layer is built: the
package with all that it needs, under TensorFlow's constraints, and TensorFlow imported again at its end. The bar
is 20 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Project, Scratch

# Another version each round, so that no layer of the round before serves.
PACKAGES = ("pandas==1.4.2", "pandas==1.4.3", "pandas==1.4.4")


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the seconds that one more package takes."""
    project = scratch.project("package")
    scratch.build(project)
    seconds = tuple(_time_build(scratch, project, package) for package in PACKAGES)
    yield Figure("package/build", "one more Python package: pandas", seconds, bar=20)


def _time_build(scratch: Scratch, project: Project, package: str) -> float:
    before = {ref for image in scratch.engine.images.list() for ref in image.tags}
    project.configure(f'python: ["{package}"]')
    usage = project.envkit("build", "--quiet")
    ref = scratch.build(project)
    if ref in before:
        raise BenchmarkError(f"{ref} was there before, so nothing was measured: docker image rm {ref}")
    scratch.remove_image(ref)
    return usage.wall_s
