"""Plan the GPUs of a container, and pass them to the engine and to Compose."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
import pytest

from envkit import config
from envkit.backends.docker import cdi, create_options
from envkit.model.facts import Facts, HostGpu, HostQuery
from envkit.model.run import Gpus
from envkit.render import compose
from envkit.resolve import gpu, host_query, sticky
from tests.support.engine_states import desired_state
from tests.support.plan_samples import PROJECT
from tests.unit.test_resolve import FACTS, plan

if TYPE_CHECKING:
    from pathlib import Path

QUERY = HostQuery(PROJECT)
GPU = HostGpu("535.54.03", ("/dev/nvidia0", "/dev/nvidiactl"), ("0000:01:00.0",))
FACTS_WITH_GPU = replace(FACTS, gpu=GPU, gpu_methods=("hook",))


def test_requested_gpus_are_planned() -> None:
    cases: tuple[tuple[str, tuple[str, ...] | None], ...] = (
        ("on", ("all",)),
        ("auto", ("all",)),
        ("2", ("0", "1")),
        ("[1, 3]", ("1", "3")),
        ("off", None),
    )
    for requested, devices in cases:
        planned = plan(f"gpu: {requested}", FACTS_WITH_GPU)
        assert planned.run.gpus == (Gpus("hook", devices) if devices else None), requested
        assert planned.image.gpu is bool(devices), requested


def test_auto_uses_the_cpu_without_a_usable_gpu() -> None:
    cases: tuple[tuple[Facts, str | None], ...] = (
        (FACTS, None),
        (replace(FACTS, gpu=GPU), "container toolkit"),
        (replace(FACTS_WITH_GPU, gpu_offered=False), "--refresh"),
    )
    for facts, note in cases:
        planned = plan("gpu: auto", facts)
        assert (planned.run.gpus, planned.image.gpu, planned.gpu_required) == (None, False, False), note
        assert len(planned.notes) == bool(note), note
        assert all("NVIDIA" in text and note and note in text for text in planned.notes), note


def test_auto_keeps_its_first_choice() -> None:
    saved = sticky.choices_to_save(FACTS_WITH_GPU, QUERY)
    gpu_removed = sticky.apply_choices(replace(FACTS, gpu=HostGpu()), saved, QUERY)
    assert plan("gpu: auto", gpu_removed).run.gpus  # `up` then reports the missing GPU
    gpu_added = sticky.apply_choices(FACTS_WITH_GPU, sticky.choices_to_save(FACTS, QUERY), QUERY)
    assert plan("gpu: auto", gpu_added).run.gpus is None


def test_auto_chooses_again_after_another_setting() -> None:
    query_off = host_query(config.load("gpu: off"), PROJECT, "")
    saved = sticky.choices_to_save(replace(FACTS, gpu=GPU), query_off)
    assert plan("gpu: auto", sticky.apply_choices(FACTS_WITH_GPU, saved, QUERY)).run.gpus


def test_the_most_durable_method_is_selected() -> None:
    for methods, expected in (
        (("hook", "runtime", "cdi"), "cdi"),
        (("runtime", "hook"), "hook"),
        (("runtime",), "runtime"),
        ((), "hook"),
    ):
        selected = gpu.select_gpus("on", replace(FACTS, gpu_methods=methods))
        assert selected is not None, methods
        assert selected.method == expected, methods


SPEC = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}, {"name": "all"}]}


def test_cdi_devices_are_read_from_valid_specs(tmp_path: Path) -> None:
    for name, text, devices in (
        ("nvidia.json", json.dumps(SPEC), ("0", "all")),
        ("nvidia.yaml", "kind: nvidia.com/gpu\ndevices: [{name: '0'}, {name: all}]\n", ("0", "all")),
        ("other.yaml", "kind: amd.com/gpu\ndevices: [{name: '0'}]\n", ()),
        ("notes.txt", json.dumps(SPEC), ()),
        ("cut-off.json", json.dumps(SPEC)[:-9], ()),
        ("cut-off.yaml", "kind: [", ()),
        ("a-list.json", "[]", ()),
        ("no-devices.json", '{"kind": "nvidia.com/gpu"}', ()),
    ):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_text(text)
        assert cdi.devices([str(folder), str(tmp_path / "missing")]) == devices, name


def test_a_plan_without_a_gpu_ignores_the_hosts_gpu() -> None:
    assert config.load("gpu: off").gpu == "off"
    assert plan("gpu: off", FACTS_WITH_GPU).run == plan("gpu: off", FACTS).run
    assert PROJECT in plan("gpu: off").project


# GPUs, options of the engine, and options of the Compose service.
OPTIONS: tuple[tuple[Gpus | None, dict[str, Any], dict[str, Any]], ...] = (
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
)


@pytest.mark.proves("GPUs are passed in a way that the engine supports", "fake")
def test_engine_and_compose_receive_the_same_gpus() -> None:
    client = docker.APIClient(version="1.41")
    desired = desired_state()
    for gpus, engine_options, compose_options in OPTIONS:
        run = replace(desired.plan.run, gpus=gpus)
        host_config = create_options.container(client, run, "image", {})["host_config"]
        passed = {key: host_config[key] for key in ("Runtime", "DeviceRequests") if host_config.get(key)}
        assert passed == engine_options, gpus
        document = compose.document(replace(desired, plan=replace(desired.plan, run=run)))
        service = document["services"]["workspace"]
        assert {key: service[key] for key in ("runtime", "deploy") if key in service} == compose_options, gpus
        visible = "0,1" if gpus and gpus.method == "runtime" else None
        assert service["environment"].get("NVIDIA_VISIBLE_DEVICES") == visible, gpus
