"""Where a secret stands in what an engine tells everybody who may use it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import docker.errors

from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.engines.connect import Engine


def inspected(engine: Engine, container: str) -> dict[str, Any]:
    """Return all that the engine says of a container."""
    with translated(f"looking at {container}"):
        return dict(engine.api.inspect_container(container))


def places(engine: Engine, container: str, secret: str) -> tuple[str, ...]:
    """Return where a text stands: the log, settings, history and process list of a container and its image."""
    with translated(f"looking for traces in {container}"):
        return tuple(name for name, text in _told(engine, container) if secret in text)


def _told(engine: Engine, container: str) -> Iterator[tuple[str, str]]:
    found = engine.api.inspect_container(container)
    yield "the container's settings", json.dumps(found)
    yield "the container's log", engine.api.logs(container).decode("utf-8", "replace")
    image = str(found["Image"])
    with suppress(docker.errors.ImageNotFound):
        api: Any = engine.api
        yield "the image's settings", json.dumps(api.inspect_image(image))
        yield "the image's history", json.dumps(api.history(image))
    with suppress(docker.errors.APIError):
        yield "the process list", json.dumps(engine.api.top(container))
