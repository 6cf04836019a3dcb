"""The real TensorFlow 2.9.0 of a GPU image, in a container with a fake driver and fake CUDA libraries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.checks import observations
from envkit.observe import guest_runner
from tests.support import fake_driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import docker

    from envkit.model.report import Observation

WHEELS = "/opt/tensorflow/lib/python3.9/site-packages/nvidia"
NODES = ("nvidiactl", "nvidia-uvm", "nvidia0")
LIMIT_S = 60


@dataclass(frozen=True)
class FakeGpuSetup:
    """Setup of a container with a fake GPU.

    Attributes:
        variables: Environment variables; FAKE_… decide what the fake libraries return.
        real: Libraries that are not replaced by fake ones.
        broken: Libraries that exist and cannot be loaded.
        hidden: Folders of the image that are replaced by empty ones.
        limit_s: Time limit of the probe, in seconds.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    real: Sequence[str] = ()
    broken: Sequence[str] = ()
    hidden: Sequence[str] = ()
    limit_s: int = LIMIT_S


class FakeGpu:
    """Run programs with the Python of an image and a fake GPU.

    Args:
        engine: Real engine on this host.
        image: GPU image with TensorFlow 2.9.0.
        folder: An empty folder.
    """

    def __init__(self, engine: docker.DockerClient, image: str, folder: Path) -> None:
        self.engine, self.image, self.folder = engine, image, folder
        (folder / "lib").mkdir()
        fake_driver.libraries(folder / "lib")
        (folder / "empty").touch()
        (folder / "empty").chmod(0o666)

    def probe(self, setup: FakeGpuSetup) -> tuple[Observation, ...]:
        """Run the real probe."""
        return observations.parse_all(self.run(guest_runner.build_program("probe"), setup).splitlines())

    def run(self, program: str, setup: FakeGpuSetup) -> str:
        """Run a program; return its output and log."""
        (self.folder / "program.py").write_text(program)
        container = self.engine.containers.create(
            self.image,
            ["/program.py", str(setup.limit_s)],
            entrypoint="/opt/tensorflow/bin/python",
            user="1000:1000",
            network_mode="none",
            cap_drop=["ALL"],
            environment={"LD_LIBRARY_PATH": "/fake", **setup.variables},
            tmpfs={"/tmp": "", **dict.fromkeys(setup.hidden, "")},
            volumes=self._volumes(setup),
        )
        try:
            container.start()
            container.wait(timeout=setup.limit_s + 60)
            return bytes(container.logs()).decode("utf-8", "replace")
        finally:
            container.remove(force=True, v=True)

    def _volumes(self, setup: FakeGpuSetup) -> list[str]:
        empty = self.folder / "empty"
        libraries = {path.name: path for path in sorted((self.folder / "lib").iterdir()) if path.name not in setup.real}
        libraries |= dict.fromkeys(setup.broken, empty)
        mounts = [f"{path}:/fake/{name}:ro" for name, path in libraries.items()]
        return [*mounts, f"{self.folder}/program.py:/program.py:ro", *(f"{empty}:/dev/{node}" for node in NODES)]
