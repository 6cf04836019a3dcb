"""The real TensorFlow 2.9.0 of an image for GPUs, in a container beside a made-up driver and CUDA."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.checks import observations
from envkit.observe import guest_runner
from tests.guest import made_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import docker

    from envkit.model.report import Observation

WHEELS = "/opt/tensorflow/lib/python3.9/site-packages/nvidia"
NODES = ("nvidiactl", "nvidia-uvm", "nvidia0")
LIMIT_S = 60


@dataclass(frozen=True)
class Given:
    """What a container finds.

    Attributes:
        says: Variables, FAKE_… among them: what the made-up libraries answer.
        real: Libraries that are not made up, but those of the image, or none at all where it has none.
        broken: Libraries that are there and cannot be loaded.
        hidden: Folders of the image that are empty.
        limit_s: How long the probe may take.
    """

    says: Mapping[str, str] = field(default_factory=dict)
    real: Sequence[str] = ()
    broken: Sequence[str] = ()
    hidden: Sequence[str] = ()
    limit_s: int = LIMIT_S


class MadeUpGpu:
    """Runs programs with the Python of an image where such a GPU seems to be.

    Args:
        engine: A real one, on this machine.
        image: For GPUs, with TensorFlow 2.9.0.
        place: An empty folder.
    """

    def __init__(self, engine: docker.DockerClient, image: str, place: Path) -> None:
        self.engine, self.image, self.place = engine, image, place
        (place / "lib").mkdir()
        made_up.libraries(place / "lib")
        (place / "empty").touch()
        (place / "empty").chmod(0o666)

    def probe(self, given: Given) -> tuple[Observation, ...]:
        """Run the real probe."""
        return observations.parse_all(self.run(guest_runner.build_program("probe"), given).splitlines())

    def run(self, program: str, given: Given) -> str:
        """Run a program and return what it prints and what is logged."""
        (self.place / "program.py").write_text(program)
        container = self.engine.containers.create(
            self.image,
            ["/program.py", str(given.limit_s)],
            entrypoint="/opt/tensorflow/bin/python",
            user="1000:1000",
            network_mode="none",
            cap_drop=["ALL"],
            environment={"LD_LIBRARY_PATH": "/made-up", **given.says},
            tmpfs={"/tmp": "", **dict.fromkeys(given.hidden, "")},
            volumes=self._volumes(given),
        )
        try:
            container.start()
            container.wait(timeout=given.limit_s + 60)
            return bytes(container.logs()).decode("utf-8", "replace")
        finally:
            container.remove(force=True, v=True)

    def _volumes(self, given: Given) -> list[str]:
        empty = self.place / "empty"
        made = {path.name: path for path in sorted((self.place / "lib").iterdir()) if path.name not in given.real}
        made |= dict.fromkeys(given.broken, empty)
        found = [f"{path}:/made-up/{name}:ro" for name, path in made.items()]
        return [*found, f"{self.place}/program.py:/program.py:ro", *(f"{empty}:/dev/{one}" for one in NODES)]
