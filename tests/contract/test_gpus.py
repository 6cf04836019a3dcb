"""GPUs by each method that an engine offers: provided, or refused with nothing left on the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import cdi, client, container_exec, inspect
from envkit.errors import ExitCode, GpuRefused
from envkit.model.run import Gpus
from tests.contract.conftest import launch
from tests.support.second_engine import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan

# Variables that CDI sets reach only the processes that the engine started, not those of an exec.
SCRIPT = """
for node in 0 1; do if [ -c /dev/nvidia$node ]; then echo x > /dev/nvidia$node && echo "nvidia$node"; fi; done
cat /proc/[0-9]*/environ; echo
"""
on_second = pytest.mark.parametrize("engine", ["second"], ids=[f"Docker {VERSION}"], indirect=True)


@on_second
@pytest.mark.proves("only the GPUs requested by CDI are in the container", "stand-in")
def test_an_engine_with_cdi_devices_offers_cdi(engine: Engine) -> None:
    assert "cdi" in client.facts(engine).gpu_methods
    assert cdi.devices(engine.api.info()["CDISpecDirs"]) == ("0", "1", "all")


@on_second
@pytest.mark.proves("only the GPUs requested by CDI are in the container", "stand-in")
@pytest.mark.parametrize(
    ("device_ids", "nodes"),
    [
        (("0",), ["nvidia0"]),
        (("1",), ["nvidia1"]),
        (("0", "1"), ["nvidia0", "nvidia1"]),
        (("all",), ["nvidia0", "nvidia1"]),
    ],
)
def test_only_the_devices_requested_by_cdi_are_provided(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
    device_ids: tuple[str, ...],
    nodes: list[str],
) -> None:
    run = plan(gpus=Gpus("cdi", device_ids))
    launch(engine, run, image)
    lines: list[str] = []
    code = container_exec.run_script(engine, run.name, ["/bin/sh", "-c", SCRIPT], "", lines.append, limit_s=60)
    environment = lines.pop().split("\0")
    assert (code, lines) == (0, nodes)
    assert f"FAKE_GPU={device_ids[-1]}" in environment


@on_second
def test_a_device_without_a_spec_is_refused(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
) -> None:
    assert_gpu_refused(engine, image, plan(gpus=Gpus("cdi", ("7",))), "nvidia.com/gpu=7")


@pytest.mark.proves("a GPU that the engine cannot pass is reported with exit code 5, and no container stays", "real")
@pytest.mark.parametrize("method", ["hook", "runtime", "cdi"])
def test_an_unavailable_method_is_refused(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
    method: str,
) -> None:
    device_id = "7" if method in client.facts(engine).gpu_methods else "all"
    assert_gpu_refused(engine, image, plan(gpus=Gpus(method, (device_id,))), "")


def assert_gpu_refused(engine: Engine, image: str, run: RunPlan, fragment: str) -> None:
    """Check that starting a container fails because of its GPU and leaves no container."""
    with pytest.raises(GpuRefused) as error:
        launch(engine, run, image)
    assert error.value.code == "gpu-refused"
    assert fragment in error.value.message
    assert "nvidia-ctk" in error.value.hint
    assert error.value.exit_code == ExitCode.GPU
    assert inspect.container(engine, run.name) is None
