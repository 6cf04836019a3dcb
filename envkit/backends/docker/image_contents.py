"""Inspect the contents of an image in a temporary read-only container without network or privileges."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING

import docker.errors
import requests
from docker.types import LogConfig

from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.backends.docker.client import Engine

LIMIT_S = 30
ANSWER_MAX_BYTES = 16 * 1024
# Enough for a shell and a bare interpreter.
MEMORY_LIMIT = "256m"
PIDS_LIMIT = 64


def describe_image(engine: Engine, image: str, name: str, labels: Mapping[str, str]) -> str | None:
    """Run the inspection script in an image and return its output; None if the image has no shell.

    Args:
        engine: Engine to use.
        image: Id of the image.
        name: Name of the container. A stale container with this name and these labels is removed first.
        labels: Labels of the container.

    Raises:
        BuildFailed: The inspection failed or exceeded its time limit.
    """
    script = files("envkit").joinpath("guest", "image_info.sh").read_text(encoding="utf-8")
    with translate_errors(f"inspecting the image {image[:19]}", BuildFailed):
        _remove_stale_container(engine, name, labels)
        container_id = engine.api.create_container(
            image,
            name=name,
            entrypoint=["/bin/sh", "-c"],
            command=[script],
            user="0:0",
            working_dir="/",
            labels=dict(labels),
            network_disabled=True,
            stop_signal="SIGKILL",
            healthcheck={"test": ["NONE"]},
            host_config=engine.api.create_host_config(
                network_mode="none",
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                mem_limit=MEMORY_LIMIT,
                pids_limit=PIDS_LIMIT,
                ipc_mode="private",
                init=False,
                log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
            ),
        )["Id"]
        try:
            return _read_output(engine, container_id)
        finally:
            with suppress(docker.errors.NotFound):
                engine.api.remove_container(container_id, force=True, v=True)


def _read_output(engine: Engine, container: str) -> str | None:
    try:
        engine.api.start(container)
    except docker.errors.APIError as error:
        text = str(error.explanation or error)
        if "/bin/sh" in text and ("no such file" in text or "not found" in text):
            return None
        raise
    try:
        engine.api.wait(container, timeout=LIMIT_S)
    except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
        raise BuildFailed(
            f"inspecting the base image took longer than {LIMIT_S} s",
            code="image-inspection-timeout",
            hint="repeat the command on a less busy machine, or set base: debian in envkit.yaml",
        ) from error
    output = b""
    for chunk in engine.api.logs(container, stdout=True, stderr=False, stream=True, follow=False):
        output += chunk
        if len(output) > ANSWER_MAX_BYTES:
            break
    return output[:ANSWER_MAX_BYTES].decode(errors="replace")


def _remove_stale_container(engine: Engine, name: str, labels: Mapping[str, str]) -> None:
    with suppress(docker.errors.NotFound):
        stale_container = engine.api.inspect_container(name)
        if (stale_container["Config"].get("Labels") or {}).items() >= labels.items():
            engine.api.remove_container(stale_container["Id"], force=True, v=True)
