"""Attack an environment from everywhere, and look for its token where it must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import observations as lines
from envkit.engines import execs, search
from envkit.model.report import Observation
from envkit.observe import attacks, guest

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.engines.connect import Engine

LIMIT_S = 90.0


def everything(
    engine: Engine, container: str, *, port: int, token: str, ssh: Path
) -> tuple[tuple[Observation, ...], dict[str, Any]]:
    """Attack; returns what came of it, and what the engine says of the container.

    Args:
        engine: Where.
        container: Its name.
        port: Where JupyterLab answers, or 0.
        token: The right one.
        ssh: The client's config file for this environment.
    """
    seen = [*(attacks.over_http(port, token) if port else ()), *attacks.over_ssh(ssh, container)]
    seen += inside(engine, container)
    places = search.places(engine, container, token)  # last: by now it had every occasion to leak
    seen.append(Observation("audit.traces", {"places": list(places)}))
    return tuple(seen), search.inspected(engine, container)


def inside(engine: Engine, container: str) -> list[Observation]:
    """Attack from inside, as the workspace's user."""
    found: list[Observation] = []

    def on_line(text: str) -> None:
        one = lines.parse(text)
        if one is not None and len(found) < lines.COUNT_MAX:
            found.append(one)

    try:
        execs.script(engine, container, ["python", "-", "60"], guest.program("audit"), on_line, limit_s=LIMIT_S)
    except execs.RanOver:
        found.append(Observation("ended", {"by": "limit", "limit_s": LIMIT_S}))
    return found
