"""One more Python package
Add a line under `python:` and run `envkit build`; the image of the environment exists. This builds one layer: the
package with its dependencies under TensorFlow's constraints, and a final import of TensorFlow. The bar is 20 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Project, Scratch

# A different version in each round, so that no cached layer is reused.
PACKAGES = ("pandas==1.4.2", "pandas==1.4.3", "pandas==1.4.4")


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the time to add one package."""
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
        raise BenchmarkError(f"{ref} existed before, so nothing was measured; hint: docker image rm {ref}")
    scratch.remove_image(ref)
    return usage.wall_s
