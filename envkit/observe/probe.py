"""Run the guest's probe inside a container and collect what it saw, as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as lines
from envkit.engines import execs
from envkit.model.report import Observation
from envkit.observe import guest

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.engines.connect import Engine

LIMIT_S = 150.0  # more than the probe allows itself
NODES_S = 20.0
PYTHON = "python"  # of the workspace: the image puts the kernel's own first on PATH


def probe(engine: Engine, container: str, seen: Callable[[Observation], None]) -> tuple[Observation, ...]:
    """Run the probe; `seen` gets each observation at once, the result holds them all."""
    return _run(engine, container, "probe", LIMIT_S, seen)


def nodes(engine: Engine, container: str) -> tuple[Observation, ...]:
    """Look at the device nodes alone."""
    return _run(engine, container, "nodes", NODES_S, lambda _: None)


def _run(
    engine: Engine, container: str, program: str, limit_s: float, seen: Callable[[Observation], None]
) -> tuple[Observation, ...]:
    found: list[Observation] = []

    def on_line(line: str) -> None:
        observation = lines.parse(line)
        if observation is not None and len(found) < lines.COUNT_MAX:
            found.append(observation)
            seen(observation)

    try:
        execs.script(engine, container, [PYTHON, "-"], guest.program(program), on_line, limit_s=limit_s)
    except execs.RanOver:
        # The probe has a clock of its own; what keeps Python from ever reaching it is told in the same words.
        found.append(Observation("ended", {"by": "limit", "limit_s": limit_s}))
    return tuple(found)
