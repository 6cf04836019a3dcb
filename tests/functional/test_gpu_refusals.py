"""Errors of a real engine that cannot provide a GPU, on a host without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError
from docker.types import DeviceRequest

from envkit.checks.gpu.engine_errors import find_error

if TYPE_CHECKING:
    import docker

    from tests.functional.conftest import SharedEnvironment

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="the engine of this host may provide a GPU"),
]
TOOLKIT = "nvidia-container-toolkit"
# By row of the failure table: options, patterns that match the error of older or newer engines, part of the hint.
ROWS: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "5": ({"device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])]}, {"hook-missing", "no-spec"}, TOOLKIT),
    "6": (
        {"device_requests": [DeviceRequest(driver="nvidia", count=-1, capabilities=[["gpu"]])]},
        {"hook-missing"},
        "sudo nvidia-ctk runtime configure",
    ),
    "7": (
        {"device_requests": [DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=all"])]},
        {"engine-without-cdi", "stale-spec"},
        "/etc/",
    ),
    "9": ({"runtime": "nvidia"}, {"runtime-missing"}, TOOLKIT),
    "11": ({"devices": ["/dev/nvidia0:/dev/nvidia0:rwm"]}, {"node-missing"}, "sudo nvidia-modprobe"),
}


@pytest.mark.proves("an engine's refusal of a GPU is explained with a hint", "real")
@pytest.mark.parametrize("row", ROWS)
def test_gpu_error_of_a_real_engine_is_recognized(
    row: str, engine: docker.DockerClient, shared_env: SharedEnvironment
) -> None:
    options, kinds, hint = ROWS[row]
    refusal = find_error(start_error(engine, str(shared_env.container.attrs["Image"]), options))
    assert refusal is not None
    assert refusal.name in kinds
    assert hint in refusal.hint


def start_error(engine: docker.DockerClient, image: str, options: dict[str, Any]) -> str:
    """Return the engine's error for starting a container with some options; remove the container."""
    container = None
    try:
        container = engine.containers.create(image, entrypoint="true", network_mode="none", **options)
        container.start()
    except APIError as error:
        return str(error.explanation)
    finally:
        if container:
            container.remove(force=True, v=True)
    return ""
