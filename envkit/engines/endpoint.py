"""Where the engine should be. No SDK here: what only asks this needs none."""

from __future__ import annotations

import os

DEFAULT = "unix:///var/run/docker.sock"


def endpoint() -> str:
    """Return where the engine should be: `DOCKER_HOST`, or the usual socket."""
    return os.environ.get("DOCKER_HOST") or DEFAULT
