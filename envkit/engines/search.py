"""What an engine tells of a container: where a secret stands in it for everybody who may ask, and how old it is."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import docker.errors

from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.engines.connect import Engine

T = TypeVar("T")
UPDATES = "/opt/envkit/build/install-apt --upgrade "  # what a step of a build is called that brings the newest packages


def inspected(engine: Engine, container: str) -> dict[str, Any]:
    """Return all that the engine says of a container."""
    with translated(f"looking at {container}"):
        return dict(engine.api.inspect_container(container))


def image_dates(engine: Engine, container: str, base: str) -> dict[str, str]:
    """Return how old the image of a container is, as days in ISO's way; what is not told is empty.

    Args:
        engine: Where.
        container: Its name.
        base: Id of the image that its own was built on, or empty.

    Returns:
        When it was `made`; when the packages of its system were `updated`, for a builder may have kept that step from
        long ago; and when its `base` was made.
    """
    api: Any = engine.api
    with translated(f"looking at the image of {container}"):
        image = api.inspect_container(container)["Image"]
        steps: list[Any] = _asked(lambda: api.history(image), [])
        updated = max((one["Created"] for one in steps if UPDATES in (one.get("CreatedBy") or "")), default=None)
        return {
            "made": _asked(lambda: str(api.inspect_image(image).get("Created") or ""), ""),
            "updated": datetime.fromtimestamp(updated, timezone.utc).isoformat() if updated is not None else "",
            "base": _asked(lambda: str(api.inspect_image(base).get("Created") or ""), "") if base else "",
        }


def _asked(look: Callable[[], T], otherwise: T) -> T:
    try:
        return look()
    except docker.errors.NotFound:  # a container runs on without its image
        return otherwise


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
