"""Image
Compared with an image of `pip install tensorflow-cpu==2.9.0 jupyterlab` on Debian with Python (`benchmarks/plain`).
envkit's image also has git, an SSH server and rsync, and two Python environments instead of one. The sizes are those
that the engine reports; the bar is 1.15. Both environments pass `pip check`, and every file of every wheel matches its
RECORD, so the size was not reduced by removing parts of packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import plain_image
from benchmarks.clock import BenchmarkError
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scratch import Scratch

MB = 10**6
ENVIRONMENTS = ("/opt/jupyter", "/opt/tensorflow")
WHEELS = Path(__file__).resolve().parent / "guest/wheels.py"
CHECK = 'for prefix; do uv pip check --offline --no-cache --python "$prefix" >&2 || echo "$prefix"; done'


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of the image."""
    ref, plain = scratch.build(scratch.project("image")), plain_image.ensure(scratch)
    ours, theirs = (scratch.size(ref) / MB,), (scratch.size(plain) / MB,)
    yield Figure("image/size", "image", ours, theirs, "the plain image", unit="MB", bar=1.15)
    broken_environments = _lines(scratch, ref, "/bin/sh", "-c", CHECK, "sh", *ENVIRONMENTS)
    yield Figure("image/pip-check", "environments that fail pip check", (len(broken_environments),), unit="of 2", bar=0)
    altered_files = _lines(scratch, ref, "/usr/bin/python3", "-I", "-c", WHEELS.read_text(), *ENVIRONMENTS)
    yield Figure("image/wheels", "altered or missing files of wheels", (len(altered_files),), unit="files", bar=0)


def _lines(scratch: Scratch, ref: str, *argv: str) -> list[str]:
    """Run a program in the image and return the lines it printed."""
    container = scratch.engine.containers.create(ref, list(argv[1:]), entrypoint=argv[0], network_mode="none")
    try:
        container.start()
        code = container.wait()["StatusCode"]
        output = container.logs(stdout=True, stderr=False).decode(errors="replace")
        if code:
            raise BenchmarkError(
                f"{argv[0]} in the image exited with code {code}\n{container.logs().decode(errors='replace')}"
            )
        return output.splitlines()
    finally:
        container.remove(force=True)
