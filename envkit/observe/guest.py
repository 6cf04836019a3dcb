"""Guest scripts -> one text that a Python in a container reads from its standard input; and what it says, collected.

There is no envkit inside: the modules of `envkit.guest` travel with their text and are known there by the names they
have here, so that they are ordinary modules to everybody who reads, checks or tests them.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.engines import execs
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envkit.engines.connect import Engine

PYTHON = "python"  # of the workspace: the image puts the kernel's own first on PATH

# Program -> its modules, each after those it needs.
PROGRAMS = {
    "nodes": ("telling", "supervising", "driver", "nodes"),
    "probe": ("telling", "supervising", "driver", "computing", "probe"),
    "audit": ("telling", "supervising", "attempts", "served", "audit"),
    "neighbour": ("telling", "supervising", "knocking", "neighbour"),
    "smoke": ("telling", "supervising", "driver", "computing", "contents", "training", "smoke"),
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


def program(name: str) -> str:
    """Return the text of a guest program.

    Raises:
        KeyError: There is no such program.
    """
    folder = resources.files("envkit").joinpath("guest")
    texts = [(one, folder.joinpath(f"{one}.py").read_text("utf-8")) for one in PROGRAMS[name]]
    return LOADER.replace("{texts}", json.dumps(texts))


class Collected:
    """Observations as they come, no more than are wanted.

    Args:
        seen: Gets each at once.
        believed: The names that are taken, or None for any.
    """

    def __init__(
        self, seen: Callable[[Observation], None] = lambda _: None, believed: Collection[str] | None = None
    ) -> None:
        self.seen, self.believed, self.all = seen, believed, list[Observation]()

    def __call__(self, line: str) -> None:
        """Take one line of what a program printed."""
        found = lines.parse(line)
        if found is None or len(self.all) >= lines.COUNT_MAX:
            return
        if self.believed is None or found.what in self.believed:
            self.all.append(found)
            self.seen(found)


def run(engine: Engine, container: str, name: str, into: Collected, *arguments: str, limit_s: float) -> None:
    """Run a guest program in a running container, as its user.

    A program has a clock of its own; what keeps its Python from ever reaching it is told in the same words.

    Args:
        engine: Where.
        container: Its name.
        name: The program's.
        into: Gets what it says.
        arguments: Of the program.
        limit_s: How long it may take, seconds: more than it allows itself.

    Raises:
        EngineError: It could not be started.
    """
    try:
        execs.script(engine, container, [PYTHON, "-", *arguments], program(name), into, limit_s=limit_s)
    except execs.RanOver:
        into.all.append(Observation("ended", {"by": "limit", "limit_s": limit_s}))
