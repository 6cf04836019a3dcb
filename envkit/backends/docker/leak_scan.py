"""Search what an engine reports about a container for a secret, and report the age of its image."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import docker.errors

from envkit.backends.docker.sdk_errors import translate_errors
from envkit.model.backend import ImageDates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.docker.client import Engine

T = TypeVar("T")
UPGRADE = "/opt/envkit/build/install-apt --upgrade "  # of the build step that installs the newest packages


def inspect_container(engine: Engine, container: str) -> dict[str, Any]:
    """Return everything that the engine reports about a container."""
    with translate_errors(f"inspecting {container}"):
        return dict(engine.api.inspect_container(container))


def image_dates(engine: Engine, container: str, base: str) -> ImageDates:
    """Return the dates of a container's image.

    Args:
        engine: Engine to use.
        container: Name of the container.
        base: Id of the base image of the container's image, or empty.
    """
    api: Any = engine.api
    with translate_errors(f"inspecting the image of {container}"):
        image = api.inspect_container(container)["Image"]
        steps: list[Any] = _call_or_default(lambda: api.history(image), [])
        updated = max((step["Created"] for step in steps if UPGRADE in (step.get("CreatedBy") or "")), default=None)
        return ImageDates(
            made=_call_or_default(lambda: str(api.inspect_image(image).get("Created") or ""), ""),
            updated=datetime.fromtimestamp(updated, timezone.utc).isoformat() if updated is not None else "",
            base=_call_or_default(lambda: str(api.inspect_image(base).get("Created") or ""), "") if base else "",
        )


def _call_or_default(call: Callable[[], T], default: T) -> T:
    try:
        return call()
    except docker.errors.NotFound:  # a container keeps running without its image
        return default


def find_leaks(engine: Engine, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Search the log, settings, history and process list of a container and its image for a secret.

    Returns:
        The sources that hold the secret, and the sources that could not be read.
    """
    leaks: list[str] = []
    unreadable: list[str] = []
    with translate_errors(f"searching {container} for leaks"):
        image = str(engine.api.inspect_container(container)["Image"])
        for name, read_text in _sources(engine, container, image).items():
            try:
                if secret in read_text():
                    leaks.append(name)
            except docker.errors.APIError:
                # Some log drivers cannot read, and the image of a running container may have been removed.
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
