"""Where a secret stands in what an engine tells everybody who may use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import docker.errors

from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.engines.connect import Engine


def inspected(engine: Engine, container: str) -> dict[str, Any]:
    """Return all that the engine says of a container."""
    with translated(f"looking at {container}"):
        return dict(engine.api.inspect_container(container))


def image_made(engine: Engine, container: str) -> str:
    """Return when the image of a container was made, as the engine writes it; empty where the image is gone."""
    api: Any = engine.api
    with translated(f"looking at the image of {container}"):
        image = api.inspect_container(container)["Image"]
        try:
            return str(api.inspect_image(image).get("Created") or "")
        except docker.errors.NotFound:  # a container runs on without it
            return ""


def places(engine: Engine, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Search the log, settings, history and process list of a container and its image for a text.

    Returns:
        Where the text stands, and what could not be searched.
    """
    found: list[str] = []
    unread: list[str] = []
    with translated(f"looking for traces in {container}"):
        image = str(engine.api.inspect_container(container)["Image"])
        for name, told in _told(engine, container, image).items():
            try:
                if secret in told():
                    found.append(name)
            except docker.errors.APIError:
                # Not every log driver reads, and an image may be gone that a container still runs from.
                unread.append(name)
    return tuple(found), tuple(unread)


def _told(engine: Engine, container: str, image: str) -> Mapping[str, Callable[[], str]]:
    api: Any = engine.api
    return {
        "the container's settings": lambda: json.dumps(api.inspect_container(container)),
        "the container's log": lambda: api.logs(container).decode("utf-8", "replace"),
        "the image's settings": lambda: json.dumps(api.inspect_image(image)),
        "the image's history": lambda: json.dumps(api.history(image)),
        "the process list": lambda: json.dumps(api.top(container)),
    }
