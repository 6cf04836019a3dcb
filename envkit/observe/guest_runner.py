"""Guest scripts -> one text that a Python in a container reads from its standard input; and what it says, collected.

There is no envkit inside: the modules of `envkit.guest` travel with their text and are known there by the names they
have here, so that they are ordinary modules to everybody who reads, checks or tests them.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

from envkit.backends.docker import container_exec
from envkit.checks import observations as lines
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envkit.backends.docker.client import Engine

PYTHON = "python"  # of the workspace: the image puts the kernel's own first on PATH

# Program -> its modules, each after those it needs.
PROGRAMS = {
    "nodes": ("reporter", "supervisor", "gpu_driver", "gpu_devices"),
    "probe": ("reporter", "supervisor", "gpu_driver", "tensorflow_ops", "probe"),
    "audit": ("reporter", "supervisor", "escape_attempts", "server_info", "container_audit"),
    "neighbour": ("reporter", "supervisor", "port_scan", "network_probe"),
    "smoke": ("reporter", "supervisor", "gpu_driver", "tensorflow_ops", "image_packages", "training", "smoke"),
}

# Reading its program from a pipe, Python searches the current folder first. That may be the workspace, where a stray
# `json.py` would be imported in place of the real one.
LOADER = """\
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import types
for name in ("envkit", "envkit.guest"):
    sys.modules[name] = types.ModuleType(name)
for name, text in {texts}:
    module = sys.modules["envkit.guest." + name] = types.ModuleType("envkit.guest." + name)
    setattr(sys.modules["envkit.guest"], name, module)
    exec(compile(text, "envkit/guest/" + name + ".py", "exec"), module.__dict__)
"""


def build_program(name: str) -> str:
    """Return the text of a guest program.

    Raises:
        KeyError: There is no such program.
    """
    folder = resources.files("envkit").joinpath("guest")
    texts = [(module, folder.joinpath(f"{module}.py").read_text("utf-8")) for module in PROGRAMS[name]]
    return LOADER.replace("{texts}", json.dumps(texts))


class Collector:
    """Observations as they come, no more than are wanted.

    Args:
        on_observation: Gets each at once.
        allowed_names: The names that are taken, or None for any.
    """

    def __init__(
        self,
        on_observation: Callable[[Observation], None] = lambda _: None,
        allowed_names: Collection[str] | None = None,
    ) -> None:
        self.on_observation, self.allowed_names, self.observations = on_observation, allowed_names, list[Observation]()

    def __call__(self, line: str) -> None:
        """Take one line of what a program printed."""
        observation = lines.parse(line)
        if observation is None or len(self.observations) >= lines.COUNT_MAX:
            return
        if self.allowed_names is None or observation.name in self.allowed_names:
            self.observations.append(observation)
            self.on_observation(observation)


def run(engine: Engine, container: str, name: str, collector: Collector, *arguments: str, limit_s: float) -> None:
    """Run a guest program in a running container, as its user.

    A program has a clock of its own; what keeps its Python from ever reaching it is told in the same words.

    Args:
        engine: Where.
        container: Its name.
        name: The program's.
        collector: Gets what it says.
        arguments: Of the program.
        limit_s: How long it may take, seconds: more than it allows itself.

    Raises:
        EngineError: It could not be started.
    """
    try:
        container_exec.run_script(
            engine, container, [PYTHON, "-", *arguments], build_program(name), collector, limit_s=limit_s
        )
    except container_exec.TimeLimitExceeded:
        collector.observations.append(Observation("ended", {"by": "limit", "limit_s": limit_s}))
