"""GPU verdicts: observations of a probe that differ from those of a healthy machine, and what the verdict must say.

A case of tests/cases/gpu/verdicts.yaml lists only the differences: `set` replaces the data of an observation (null
removes it), `ops` those of an operation on a device, and `ends_at` is the step at which the program ended.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

from envkit import catalog, checks
from envkit.model.facts import HostGpu
from envkit.model.report import Observation
from tests.conftest import ROOT

if TYPE_CHECKING:
    from envkit.model.report import Finding

CASES = ROOT / "tests/cases/gpu/verdicts.yaml"
OPERATIONS = ("matmul", "conv2d")
GPU = {
    "index": 0,
    "name": "A100",
    "uuid": "GPU-1",
    "memory_mib": 40960,
    "used_mib": 3,
    "mig": False,
    "processes": 0,
}
HEALTHY: dict[str, dict[str, Any]] = {
    "gpu.nodes": {"nodes": {"/dev/nvidiactl": "ok", "/dev/nvidia-uvm": "ok", "/dev/nvidia0": "ok"}},
    "gpu.variables": {"variables": {}},
    "gpu.libcuda": {"path": "/usr/lib/x86_64-linux-gnu/libcuda.so.535.183.01", "package": ""},
    "gpu.nvml": {"code": 0, "driver": "535.183.01", "gpus": [GPU]},
    "gpu.cuda": {"code": 0, "name": "", "gpus": [{"name": "A100", "compute_capability": "8.0"}]},
    "tensorflow.version": {},
    "tensorflow.devices": {
        "cpus": 1,
        "gpus": [{"device": "GPU:0", "model": "NVIDIA", "compute_capability": "8.0"}],
    },
}


def load_cases() -> dict[str, dict[str, Any]]:
    """Load all cases by name."""
    cases: dict[str, dict[str, Any]] = yaml.safe_load(CASES.read_text("utf-8"))
    return cases


def observe(case: dict[str, Any]) -> list[Observation]:
    """Build the observations of a case."""
    data = copy.deepcopy(HEALTHY)
    data["tensorflow.version"] = {"version": case["tensorflow"]}
    changes = case.get("set", {})
    data.update({name: change for name, change in changes.items() if name not in {"tensorflow.log", "driver.ended"}})
    observations: list[Observation] = []
    for name, values in data.items():
        if values is not None:
            observations.append(Observation(name, values))
        if name == "gpu.cuda" and "driver.ended" in changes:
            observations += [Observation("begin", {"look": name}), Observation("driver.ended", changes["driver.ended"])]
    observations += _operations(case, data)
    if "tensorflow.log" in changes:
        observations.append(Observation("tensorflow.log", {"text": changes["tensorflow.log"]}))
    return [*observations, Observation("done", {})]


def _operations(case: dict[str, Any], data: dict[str, Any]) -> list[Observation]:
    devices = ["CPU:0", *(gpu["device"] for gpu in (data.get("tensorflow.devices") or {}).get("gpus", []))]
    operations = {
        f"{device} {name}": {"placed": f"/device:{device}", "right": True} for device in devices for name in OPERATIONS
    } | case.get("ops", {})
    observations: list[Observation] = []
    for key, values in operations.items():
        device, name = key.split()
        step = {"device": device} if name == "speed" else {"device": device, "op": name}
        look = "tensorflow.speed" if name == "speed" else "tensorflow.op"
        if key == case.get("ends_at"):
            end = case.get("ended", {"by": "signal", "signal": "SIGABRT"})
            return [*observations, Observation("begin", {"look": look, **step}), Observation("ended", end)]
        if values is not None:
            observations.append(Observation(look, step | values))
    return observations


def judge(case: dict[str, Any]) -> tuple[Finding, ...]:
    """Judge a case."""
    return checks.probe(
        observe(case),
        release=catalog.release(case["tensorflow"]),
        gpu_required=case.get("required", True),
        host=HostGpu(case.get("driver", "535.183.01"), ("/dev/nvidia0",), ("0000:01:00.0",)),
    )
