"""What a real engine says when it cannot hand over a GPU, where this machine has none to hand over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError
from docker.types import DeviceRequest

from envkit.checks.gpu.engine_errors import GPU_ERRORS, find_error

if TYPE_CHECKING:
    import docker

    from tests.functional.conftest import SharedEnvironment

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="this machine's engine may hand over a GPU"),
]
NEEDED = "nvidia-container-toolkit"
# Row of the failure table: what is asked for, what an older or a newer engine's answer is, part of the hint.
ROWS: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "5": ({"device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])]}, {"hook-missing", "no-spec"}, NEEDED),
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
    "9": ({"runtime": "nvidia"}, {"runtime-missing"}, NEEDED),
    "11": ({"devices": ["/dev/nvidia0:/dev/nvidia0:rwm"]}, {"host-node-missing"}, "sudo nvidia-modprobe"),
}


@pytest.mark.proves("an engine's refusal of a GPU is explained with its hint", "real")
@pytest.mark.parametrize("row", ROWS)
def test_a_real_engines_refusal_is_recognised(
    row: str, engine: docker.DockerClient, shared_env: SharedEnvironment
) -> None:
    asked, kinds, hint = ROWS[row]
    found = find_error(said(engine, str(shared_env.container.attrs["Image"]), asked))
    assert found is not None
    assert {name for name, one in GPU_ERRORS.items() if one is found} <= kinds
    assert hint in found.hint


def said(engine: docker.DockerClient, image: str, asked: dict[str, Any]) -> str:
    """Return what the engine says to starting such a container; one that it leaves behind is removed."""
    container = None
    try:
        container = engine.containers.create(image, entrypoint="true", network_mode="none", **asked)
        container.start()
    except APIError as error:
        return str(error.explanation)
    finally:
        if container:
            container.remove(force=True, v=True)
    return ""
