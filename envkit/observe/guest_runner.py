"""Run guest programs with a container's Python, which reads them from standard input, and collect their observations.

envkit is not installed in the container. The program contains the source of its `envkit.guest` modules and registers
them under the same names, so they remain ordinary modules for linters and tests.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.errors import TimeLimitExceeded
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from envkit.backends.backend import Backend

PYTHON = "python"  # of the workspace: the image puts the kernel's Python first on PATH
# The server's, which belongs to the image: unlike PYTHON, it is not in the user's layer, and no file or variable of
# the user changes its modules.
TRUSTED_PYTHON = ("/opt/jupyter/bin/python", "-I", "-S")

# Modules of each program, each after the modules that it imports.
PROGRAMS = {
    "nodes": ("reporter", "supervisor", "gpu_driver", "gpu_devices"),
    "probe": ("reporter", "supervisor", "gpu_driver", "tensorflow_ops", "probe"),
    "audit": ("reporter", "supervisor", "escape_attempts", "server_info", "container_audit"),
    "inventory": (
        "reporter",
        "supervisor",
        "values",
        "file_inventory",
        "process_inventory",
        "gateway_scan",
        "inventory",
    ),
    "neighbour": ("reporter", "supervisor", "port_scan", "network_probe"),
    "smoke": (
        "reporter",
        "supervisor",
        "gpu_driver",
        "tensorflow_ops",
        "jupyter_server",
        "image_packages",
        "training",
        "smoke",
    ),
}

# With a program from a pipe, Python searches the current folder first. That may be the workspace, where a file such as
# `json.py` would replace the standard module.
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


def build_program(name: str, secret: str = "") -> str:
    """Build the source of a guest program; `secret` becomes a value of its module `values`.

    Raises:
        KeyError: The program does not exist.
    """
    folder = resources.files("envkit").joinpath("guest")
    texts = [(module, folder.joinpath(f"{module}.py").read_text("utf-8")) for module in PROGRAMS[name]]
    values = [(module, f"SECRET = {secret!r}" if module == "values" else text) for module, text in texts]
    return LOADER.replace("{texts}", json.dumps(values))


class Collector:
    """Collects the observations of a guest program, up to a limit.

    Args:
        on_observation: Callback for each observation.
        allowed_names: Accepted names, or None for all.
    """

    def __init__(
        self,
        on_observation: Callable[[Observation], None] = lambda _: None,
        allowed_names: Collection[str] | None = None,
    ) -> None:
        self.on_observation, self.allowed_names, self.observations = on_observation, allowed_names, list[Observation]()

    def __call__(self, line: str) -> None:
        """Parse one line of a program's output."""
        observation = lines.parse(line)
        if observation is None or len(self.observations) >= lines.COUNT_MAX:
            return
        if self.allowed_names is None or observation.name in self.allowed_names:
            self.observations.append(observation)
            self.on_observation(observation)


def run(
    backend: Backend,
    container: str,
    name: str,
    collector: Collector,
    *arguments: str,
    limit_s: float,
    python: Sequence[str] = (PYTHON,),
    user: str = "",
    secret: str = "",
) -> None:
    """Run a guest program in a running container.

    A program enforces its own time limit. If its Python does not get that far, the same observation reports it.

    Args:
        backend: Backend of the container.
        container: Name of the container.
        name: Name of the program.
        collector: Collector of its output.
        arguments: Arguments of the program.
        limit_s: Time limit in seconds, longer than the program's own.
        python: Python of the container, with options.
        user: User and group of the program as `UID:GID`, or empty for the container's user.
        secret: Value that only the program may read.

    Raises:
        EngineError: The program could not be started.
    """
    try:
        backend.run_script(
            container,
            [*python, "-", *arguments],
            build_program(name, secret),
            collector,
            limit_s=limit_s,
            user=user,
        )
    except TimeLimitExceeded:
        collector.observations.append(Observation("ended", {"by": "limit", "limit_s": limit_s}))
