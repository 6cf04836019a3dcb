"""What an engine tells of a container: where a secret stands in it for everybody who may ask, and how old it is."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import docker.errors

from envkit.backends.docker.sdk_errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.docker.client import Engine

T = TypeVar("T")
UPGRADE = "/opt/envkit/build/install-apt --upgrade "  # what a step of a build is called that brings the newest packages


def inspect_container(engine: Engine, container: str) -> dict[str, Any]:
    """Return all that the engine says of a container."""
    with translate_errors(f"looking at {container}"):
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
    with translate_errors(f"looking at the image of {container}"):
        image = api.inspect_container(container)["Image"]
        steps: list[Any] = _call_or_default(lambda: api.history(image), [])
        updated = max((step["Created"] for step in steps if UPGRADE in (step.get("CreatedBy") or "")), default=None)
        return {
            "made": _call_or_default(lambda: str(api.inspect_image(image).get("Created") or ""), ""),
            "updated": datetime.fromtimestamp(updated, timezone.utc).isoformat() if updated is not None else "",
            "base": _call_or_default(lambda: str(api.inspect_image(base).get("Created") or ""), "") if base else "",
        }


def _call_or_default(call: Callable[[], T], default: T) -> T:
    try:
        return call()
    except docker.errors.NotFound:  # a container runs on without its image
        return default


def find_leaks(engine: Engine, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Search the log, settings, history and process list of a container and its image for a text.

    Returns:
        Where the text stands, and what could not be searched.
    """
    leaks: list[str] = []
    unreadable: list[str] = []
    with translate_errors(f"looking for traces in {container}"):
        image = str(engine.api.inspect_container(container)["Image"])
        for name, read_text in _sources(engine, container, image).items():
            try:
                if secret in read_text():
                    leaks.append(name)
            except docker.errors.APIError:
                # Not every log driver reads, and an image may be gone that a container still runs from.
                unreadable.append(name)
    return tuple(leaks), tuple(unreadable)


def _sources(engine: Engine, container: str, image: str) -> Mapping[str, Callable[[], str]]:
    api: Any = engine.api
    return {
        "the container's settings": lambda: json.dumps(api.inspect_container(container)),
        "the container's log": lambda: api.logs(container).decode("utf-8", "replace"),
        "the image's settings": lambda: json.dumps(api.inspect_image(image)),
        "the image's history": lambda: json.dumps(api.history(image)),
        "the process list": lambda: json.dumps(api.top(container)),
    }
