"""GPUs by each road that an engine offers: handed over, or refused with nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import cdi, client, container_exec, inspect
from envkit.backends.docker.sdk_errors import GpuRefused
from envkit.errors import ExitCode
from envkit.model.run import Gpus
from tests.contract.conftest import launch
from tests.contract.second import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan

# What CDI puts into the environment reaches what the engine started, and no exec.
INSIDE = """
for node in 0 1; do if [ -c /dev/nvidia$node ]; then echo x > /dev/nvidia$node && echo "nvidia$node"; fi; done
cat /proc/[0-9]*/environ; echo
"""
on_second = pytest.mark.parametrize("engine", ["second"], ids=[f"Docker {VERSION}"], indirect=True)


@on_second
@pytest.mark.proves("GPUs that are asked for by CDI are inside, and no others", "stand-in")
def test_an_engine_that_knows_cdi_devices_offers_that_road(engine: Engine) -> None:
    assert "cdi" in client.facts(engine).gpu_methods
    assert cdi.devices(engine.api.info()["CDISpecDirs"]) == ("0", "1", "all")


@on_second
@pytest.mark.proves("GPUs that are asked for by CDI are inside, and no others", "stand-in")
@pytest.mark.parametrize(
    ("which", "nodes"),
    [
        (("0",), ["nvidia0"]),
        (("1",), ["nvidia1"]),
        (("0", "1"), ["nvidia0", "nvidia1"]),
        (("all",), ["nvidia0", "nvidia1"]),
    ],
)
def test_the_devices_that_are_asked_for_by_cdi_are_inside_and_no_others(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
    which: tuple[str, ...],
    nodes: list[str],
) -> None:
    run = plan(gpus=Gpus("cdi", which))
    launch(engine, run, image)
    lines: list[str] = []
    code = container_exec.run_script(engine, run.name, ["/bin/sh", "-c", INSIDE], "", lines.append, limit_s=60)
    environment = lines.pop().split("\0")
    assert (code, lines) == (0, nodes)
    assert f"MADE_UP_GPU={which[-1]}" in environment


@on_second
def test_a_device_that_no_spec_names_is_refused_as_a_gpu_and_nothing_stays(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
) -> None:
    refused(engine, image, plan(gpus=Gpus("cdi", ("7",))), "nvidia.com/gpu=7")


@pytest.mark.proves("a GPU that the engine cannot hand over is told as that, with 5, and nothing stays", "real")
@pytest.mark.parametrize("road", ["hook", "runtime", "cdi"])
def test_a_road_that_an_engine_does_not_have_is_refused_as_a_gpu_and_nothing_stays(
    engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
    road: str,
) -> None:
    missing = "7" if road in client.facts(engine).gpu_methods else "all"
    refused(engine, image, plan(gpus=Gpus(road, (missing,))), "")


def refused(engine: Engine, image: str, run: RunPlan, why: str) -> None:
    """Try to start a container, which has to fail for its GPU and to leave nothing."""
    with pytest.raises(GpuRefused) as caught:
        launch(engine, run, image)
    assert why in caught.value.message
    assert "nvidia-ctk" in caught.value.hint
    assert caught.value.exit_code == ExitCode.GPU
    assert inspect.container(engine, run.name) is None
