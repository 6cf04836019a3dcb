"""Image
Beside an image of `pip install tensorflow-cpu==2.9.0 jupyterlab` on a Debian with Python (`benchmarks/plain`). envkit's
has git, an SSH server and rsync in it too, and two environments where the plain one has a single one. The engine's own
count of bytes is compared; the bar is 1.15. Both environments pass `pip check`, and every file of every wheel is what
its RECORD says: nothing was shrunk by cutting packages.
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
CHECK = 'for one; do uv pip check --offline --no-cache --python "$one" >&2 || echo "$one"; done'


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
                f"{argv[0]} in the image ended with {code}\n{container.logs().decode(errors='replace')}"
            )
        return output.splitlines()
    finally:
        container.remove(force=True)
