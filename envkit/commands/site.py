"""On which machine something is checked, for its report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit import host
from envkit.model.report import Site

if TYPE_CHECKING:
    from envkit.model.facts import EngineFacts


def site(engine: EngineFacts | None) -> Site:
    """Return the engine's machine, or this one where no engine answered."""
    if engine is None:
        here = os.uname()
        return Site(here.nodename, _system(host.distribution(), here.release))
    kind = "Podman" if engine.podman else "Docker"
    return Site(engine.host, _system(engine.system, engine.kernel), f"{kind} {engine.version} at {engine.endpoint}")


def _system(distribution: str, kernel: str) -> str:
    return ", ".join(filter(None, (distribution, kernel and f"kernel {kernel}")))
