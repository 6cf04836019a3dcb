"""Which GPUs a container gets, by which road, and how the engine and Compose are told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
import pytest

from envkit import config
from envkit.backends.docker import cdi, create_options
from envkit.model.facts import HostGpu
from envkit.model.run import Gpus
from envkit.render import compose
from envkit.resolve import gpu, host_query, sticky
from tests.unit.test_resolve import FACTS, PROJECT, WANTS, plan
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from pathlib import Path

GPU = HostGpu("535.54.03", ("/dev/nvidia0", "/dev/nvidiactl"), ("0000:01:00.0",))
OFFERED = replace(FACTS, gpu=GPU, gpu_methods=("hook",))


@pytest.mark.parametrize(
    ("asked", "which"),
    [
        ("on", ("all",)),
        ("auto", ("all",)),
        ("2", ("0", "1")),
        ("[1, 3]", ("1", "3")),
        ("off", None),
    ],
)
def test_what_is_asked_for_is_planned(asked: str, which: tuple[str, ...] | None) -> None:
    planned = plan(f"gpu: {asked}", OFFERED)
    assert planned.run.gpus == (Gpus("hook", which) if which else None)
    assert planned.image.gpu is bool(which)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (FACTS, None),
        (replace(FACTS, gpu=GPU), "container toolkit"),
        (replace(OFFERED, gpu_offered=False), "--refresh"),
    ],
)
def test_auto_does_without_where_there_is_none(facts: Any, why: str | None) -> None:
    planned = plan("gpu: auto", facts)
    assert (planned.run.gpus, planned.image.gpu, planned.gpu_required) == (None, False, False)
    assert [one for one in planned.notes if "NVIDIA" in one and why and why in one] == list(planned.notes)


def test_what_auto_found_stays() -> None:
    chosen = sticky.choices_to_save(OFFERED, WANTS)
    gone = sticky.apply_choices(replace(FACTS, gpu=HostGpu()), chosen, WANTS)
    assert plan("gpu: auto", gone).run.gpus  # and `up` says what became of it
    came = sticky.apply_choices(OFFERED, sticky.choices_to_save(FACTS, WANTS), WANTS)
    assert plan("gpu: auto", came).run.gpus is None


def test_auto_chooses_anew_after_another_word_stood_in_the_config() -> None:
    off = host_query(config.load("gpu: off"), PROJECT, "")
    then = sticky.apply_choices(OFFERED, sticky.choices_to_save(replace(FACTS, gpu=GPU), off), WANTS)
    assert plan("gpu: auto", then).run.gpus


@pytest.mark.parametrize(
    ("roads", "taken"),
    [
        (("hook", "runtime", "cdi"), "cdi"),
        (("runtime", "hook"), "hook"),
        (("runtime",), "runtime"),
        ((), "hook"),
    ],
)
def test_the_road_that_lasts_longest_is_taken(roads: tuple[str, ...], taken: str) -> None:
    planned = gpu.select_gpus("on", replace(FACTS, gpu_methods=roads))
    assert planned is not None
    assert planned.method == taken


SPEC = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}, {"name": "all"}]}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("nvidia.json", json.dumps(SPEC), ("0", "all")),
        ("nvidia.yaml", "kind: nvidia.com/gpu\ndevices: [{name: '0'}, {name: all}]\n", ("0", "all")),
        ("other.yaml", "kind: amd.com/gpu\ndevices: [{name: '0'}]\n", ()),
        ("notes.txt", json.dumps(SPEC), ()),
        ("cut-off.json", json.dumps(SPEC)[:-9], ()),
        ("cut-off.yaml", "kind: [", ()),
        ("a-list.json", "[]", ()),
        ("no-devices.json", '{"kind": "nvidia.com/gpu"}', ()),
    ],
)
def test_the_devices_of_a_spec_are_read(name: str, text: str, found: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert cdi.devices([str(tmp_path), str(tmp_path / "missing")]) == found


def test_a_project_without_a_gpu_is_the_same_as_before() -> None:
    assert config.load("gpu: off").gpu == "off"
    assert plan("gpu: off", OFFERED).run == plan("gpu: off", FACTS).run
    assert PROJECT in plan("gpu: off").project


@pytest.mark.proves("GPUs are passed as the engine can", "fake")
@pytest.mark.parametrize(
    ("gpus", "engine", "compose_"),
    [
        (None, {}, {}),
        (Gpus("runtime", ("0", "1")), {"Runtime": "nvidia"}, {"runtime": "nvidia"}),
        (
            Gpus("hook", ("all",)),
            {
                "DeviceRequests": [
                    {
                        "Driver": "",
                        "Count": -1,
                        "DeviceIDs": [],
                        "Capabilities": [["gpu", "compute", "utility"]],
                        "Options": {},
                    }
                ]
            },
            {
                "deploy": {
                    "resources": {
                        "reservations": {
                            "devices": [
                                {"capabilities": ["gpu", "compute", "utility"], "count": "all"},
                            ]
                        }
                    }
                }
            },
        ),
        (
            Gpus("cdi", ("0", "2")),
            {
                "DeviceRequests": [
                    {
                        "Driver": "cdi",
                        "Count": 0,
                        "DeviceIDs": ["nvidia.com/gpu=0", "nvidia.com/gpu=2"],
                        "Capabilities": [],
                        "Options": {},
                    }
                ]
            },
            {
                "deploy": {
                    "resources": {
                        "reservations": {
                            "devices": [
                                {
                                    "driver": "cdi",
                                    "device_ids": ["nvidia.com/gpu=0", "nvidia.com/gpu=2"],
                                    "capabilities": ["gpu"],
                                },
                            ]
                        }
                    }
                }
            },
        ),
    ],
)
def test_engine_and_compose_are_told_the_same(
    gpus: Gpus | None,
    engine: dict[str, Any],
    compose_: dict[str, Any],
) -> None:
    want = wanted()
    run = replace(want.plan.run, gpus=gpus)
    host = create_options.container(docker.APIClient(version="1.41"), run, "image", {})["host_config"]
    assert {key: host[key] for key in ("Runtime", "DeviceRequests") if host.get(key)} == engine
    service = compose.document(replace(want, plan=replace(want.plan, run=run)))["services"]["workspace"]
    assert {key: service[key] for key in ("runtime", "deploy") if key in service} == compose_
    if gpus and gpus.method == "runtime":
        assert service["environment"]["NVIDIA_VISIBLE_DEVICES"] == "0,1"
    else:
        assert "NVIDIA_VISIBLE_DEVICES" not in service["environment"]
