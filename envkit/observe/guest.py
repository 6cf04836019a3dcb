"""Guest scripts -> one text that a Python in a container reads from its standard input.

There is no envkit inside: the modules of `envkit.guest` travel with their text and are known there by the names they
have here, so that they are ordinary modules to everybody who reads, checks or tests them.
"""

from __future__ import annotations

import json
from importlib import resources

# Program -> its modules, each after those it needs.
PROGRAMS = {
    "nodes": ("telling", "supervising", "driver", "nodes"),
    "probe": ("telling", "supervising", "driver", "computing", "probe"),
    "audit": ("telling", "supervising", "attempts", "audit"),
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
