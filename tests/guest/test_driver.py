"""The probe with a fake NVIDIA driver: each row of the failure table whose fault lies below TensorFlow.

The libraries are small C programs that answer like the real ones in that row. Device nodes are plain files, because
the probe only opens them. `near` is a similar machine: one difference, and another result.
"""

from __future__ import annotations

import json
import runpy
from typing import TYPE_CHECKING, Any

import pytest

from envkit import catalog, checks
from envkit.checks import observations
from envkit.checks.gpu import inventory
from envkit.model.facts import HostGpu
from envkit.model.report import Verdict
from envkit.observe import guest_runner
from tests.conftest import ROOT
from tests.support.gpu_machines import NODES, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.model.report import Finding, Observation

RELEASE = catalog.release("2.9.0")
HOST = HostGpu("470.256.02", ("/dev/nvidia0",), ("0000:01:00.0",))


def gpu_finding(results: Sequence[Observation]) -> Finding:
    """Return the GPU's finding of an `up --gpu` on a host whose driver is loaded."""
    findings = checks.probe(results, release=RELEASE, gpu_required=True, host=HOST)
    (gpu_finding,) = [finding for finding in findings if finding.check.startswith("gpu/")]
    return gpu_finding


HEALTHY = "gpu/not-probed"  # nothing is wrong below TensorFlow, which is not installed
UTILITY = {"NVIDIA_DRIVER_CAPABILITIES": "utility"}


def failing_cuinit(code: int, **also: str) -> Machine:
    return Machine({"FAKE_CUINIT": str(code), **also})


# Rows of the table: machine, check, part of the hint; and a similar machine with its check.
ROWS: dict[str, tuple[Machine, str, str, Machine, str]] = {
    "nodes ENOENT": (
        Machine(nodes=dict.fromkeys(NODES, "ENOENT")),
        "gpu/nodes-missing",
        "envkit up --gpu",
        Machine(nodes={"nvidia-uvm": "ENOENT"}),
        "gpu/nodes-missing",
    ),
    "nodes ENXIO": (
        Machine(nodes=dict.fromkeys(NODES, "ENXIO")),
        "gpu/module-not-loaded",
        "sudo modprobe nvidia",
        Machine(),
        HEALTHY,
    ),
    "2 driver updated, old module loaded": (
        Machine({"FAKE_NVML": "18", "FAKE_CUINIT": "803"}),
        "gpu/driver-mismatch",
        "sudo reboot",
        Machine({"FAKE_NVML": "18"}),
        HEALTHY,
    ),
    "3 no fabric manager": (
        failing_cuinit(802),
        "gpu/fabric-manager",
        "nvidia-fabricmanager",
        failing_cuinit(801),
        "gpu/driver-unknown",
    ),
    "4 nvidia_uvm broken": (
        failing_cuinit(999),
        "gpu/uvm",
        "modprobe -r nvidia_uvm",
        Machine(nodes={"nvidia-uvm": "ENOENT"}),
        "gpu/nodes-missing",
    ),
    "24 no GPU was asked for": (
        Machine({"NVIDIA_VISIBLE_DEVICES": "void"}, nodes=dict.fromkeys(NODES, "ENOENT")),
        "gpu/nodes-missing",
        "envkit up --gpu",
        Machine({"NVIDIA_VISIBLE_DEVICES": "all"}, nodes=dict.fromkeys(NODES, "ENOENT")),
        "gpu/nodes-missing",
    ),
    "26 libcuda not injected": (
        Machine(without=["libcuda.so.1"]),
        "gpu/libcuda-missing",
        "nvidia-ctk runtime configure",
        Machine(UTILITY, without=["libcuda.so.1"]),
        "gpu/libcuda-missing",
    ),
    "27 a stub stands first": (Machine(stub=True), "gpu/libcuda-stub", "z-cuda-stubs.conf", Machine(), HEALTHY),
    "27 a stub answers 34": (failing_cuinit(34), "gpu/libcuda-stub", "stubs", failing_cuinit(35), "gpu/driver-unknown"),
    "28 no device": (
        failing_cuinit(100, FAKE_NVML="9"),
        "gpu/module-not-loaded",
        "sudo modprobe nvidia",
        failing_cuinit(100, FAKE_NVML_GPUS="0"),
        "gpu/none-left",
    ),
    "30 a security module denies the driver": (
        failing_cuinit(100, FAKE_NVML="4"),
        "gpu/access-denied",
        "ausearch",
        failing_cuinit(100, FAKE_NVML="999"),
        "gpu/driver-unknown",
    ),
    "31 hidden by a variable": (
        failing_cuinit(100, CUDA_VISIBLE_DEVICES="-1"),
        "gpu/hidden",
        "CUDA_VISIBLE_DEVICES",
        failing_cuinit(100),
        "gpu/driver-unknown",
    ),
    "31 counted none, hidden": (
        Machine({"FAKE_GPUS": "0", "CUDA_VISIBLE_DEVICES": "7"}),
        "gpu/hidden",
        "CUDA_VISIBLE_DEVICES",
        Machine({"CUDA_VISIBLE_DEVICES": "0"}),
        HEALTHY,
    ),
    "31 MIG without instances": (
        failing_cuinit(100, FAKE_MIG="1"),
        "gpu/mig-empty",
        "nvidia-smi mig -cgi",
        failing_cuinit(100, FAKE_MIG="0"),
        "gpu/driver-unknown",
    ),
    "31 MIG instances are not passed": (
        failing_cuinit(100, FAKE_MIG="1", FAKE_MIG_INSTANCES="2"),
        "gpu/mig-empty",
        "nvidia-ctk cdi generate",
        failing_cuinit(100, FAKE_MIG="1"),
        "gpu/mig-empty",
    ),
    "31 a MIG instance that was created again": (
        failing_cuinit(100, FAKE_MIG="1", FAKE_MIG_INSTANCES="2", CUDA_VISIBLE_DEVICES="MIG-00000077-1111"),
        "gpu/hidden",
        "CUDA_VISIBLE_DEVICES",
        failing_cuinit(100, FAKE_MIG="1", FAKE_MIG_INSTANCES="2", CUDA_VISIBLE_DEVICES="MIG-00000091-1111"),
        "gpu/mig-empty",
    ),
    "32 a driver in the image": (
        Machine({"FAKE_CUINIT": "803"}, package="libcuda1"),
        "gpu/driver-in-image",
        "remove libcuda1",
        failing_cuinit(803),
        "gpu/driver-mismatch",
    ),
    "33 compat library": (
        failing_cuinit(804),
        "gpu/compat-library",
        "cuda-compat",
        failing_cuinit(805),
        "gpu/mps",
    ),
    "34 a library is missing": (
        Machine(without=["libcusolver.so.11"]),
        "gpu/libraries-missing",
        "ldconfig",
        Machine(),
        HEALTHY,
    ),
    "35 an older cuDNN": (
        Machine({"FAKE_CUDNN": "8005"}),
        "gpu/cudnn-wrong",
        "docs/reference/catalog.md",
        Machine({"FAKE_CUDNN": "8700"}),
        HEALTHY,
    ),
    "35 a cuDNN of another kind": (
        Machine({"FAKE_CUDNN": "90100"}),
        "gpu/cudnn-wrong",
        "docs/reference/catalog.md",
        Machine({"FAKE_CUDNN": "8100"}),
        HEALTHY,
    ),
    "38 too old a GPU": (
        Machine({"FAKE_CAPABILITY": "3.0"}),
        "gpu/too-old",
        "older TensorFlow",
        Machine({"FAKE_CAPABILITY": "3.5"}),
        HEALTHY,
    ),
    "an unknown answer": (
        failing_cuinit(12345, FAKE_ERROR_NAME="CUDA_ERROR_NEW"),
        "gpu/driver-unknown",
        "nvidia-smi",
        Machine(),
        HEALTHY,
    ),
}


@pytest.mark.proves("the report of a failing GPU names the layer that failed", "stand-in")
def test_a_fault_below_tensorflow_is_explained_with_a_hint(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    for row, (machine, check, hint, _, _) in ROWS.items():
        finding = gpu_finding(inspect_driver(machine))
        assert (finding.check, finding.status) == (check, Verdict.FAILED), (row, finding)
        assert hint in finding.hint, row
        assert finding.detail, row
        assert finding.cause, row


def test_a_similar_machine_has_another_finding_or_hint(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    for row, (machine, check, _, similar, other) in ROWS.items():
        finding = gpu_finding(inspect_driver(similar))
        assert finding.check == other, row
        assert other != check or finding.hint != gpu_finding(inspect_driver(machine)).hint, row


def test_an_unknown_answer_is_reported_unchanged(inspect_driver: Callable[[Machine], tuple[Observation, ...]]) -> None:
    finding = gpu_finding(inspect_driver(ROWS["an unknown answer"][0]))
    assert finding.detail == "cuInit answers 12345 CUDA_ERROR_NEW"
    assert finding.cause == "unknown"


def test_the_loaders_error_is_reported(inspect_driver: Callable[[Machine], tuple[Observation, ...]]) -> None:
    finding = gpu_finding(inspect_driver(Machine(without=["libcuda.so.1"])))
    assert finding.detail.endswith("libcuda.so.1: cannot open shared object file: No such file or directory")


def test_each_gpu_of_a_healthy_machine_is_reported(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    results = inspect_driver(
        Machine({"FAKE_USED_MIB": "1024", "FAKE_PROCESSES": "2", "FAKE_NVML_GPUS": "2", "FAKE_GPUS": "2"})
    )
    nvml, cuda = observations.data(results, "gpu.nvml"), observations.data(results, "gpu.cuda")
    assert nvml["driver"] == "470.256.02"
    assert nvml["gpus"] == [
        {
            "index": index,
            "name": "NVIDIA T4",
            "uuid": f"GPU-0000000{index + 1}",
            "memory_mib": 16384,
            "used_mib": 1024,
            "pci": f"0000:0{index + 1}:00.0",
            "mig": False,
            "processes": 2,
        }
        for index in range(2)
    ]
    assert cuda == {
        "code": 0,
        "name": "",
        "cuda": 11080,
        "gpus": [
            {"name": "NVIDIA T4", "compute_capability": "7.5", "pci": f"0000:0{number}:00.0"} for number in (1, 2)
        ],
    }
    libraries: dict[str, Any] = dict(observations.data(results, "gpu.libraries"))
    assert set(libraries["libraries"]) == set(RELEASE.libraries)
    assert set(libraries["libraries"].values()) == {"ok"}
    assert libraries["cudnn"] == 8100


def test_facts_from_nvml_and_driver_are_merged(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    gpus = inventory.list_gpus(
        inspect_driver(Machine({"FAKE_NVML_GPUS": "2", "FAKE_GPUS": "1", "FAKE_PROCESSES": "1"}))
    )
    assert [(gpu.index, gpu.driver, gpu.compute_capability, gpu.processes) for gpu in gpus] == [
        (0, "470.256.02", "7.5", 1),
        (1, "470.256.02", "", 1),
    ]
    assert inventory.list_gpus(inspect_driver(Machine(without=["libcuda.so.1"]))) == ()


def test_tensorflow_is_inspected_after_a_driver_crash(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    results = inspect_driver(Machine({"FAKE_CRASH": "1"}))
    assert observations.data(results, "driver.ended")["signal"] == "SIGABRT"
    assert observations.last(results, "tensorflow.import")
    assert gpu_finding(results).check == "gpu/driver-crashed"


def test_the_probe_loads_the_libraries_of_the_catalog() -> None:
    known = runpy.run_path(str(ROOT / "envkit/guest/gpu_driver.py"))["LIBRARIES"]
    releases = [release for release in catalog.releases() if release.libraries]
    assert releases
    for release in releases:
        loaded = {*known[release.cuda.split(".")[0]], f"libcudnn.so.{release.cudnn.split('.')[0]}"}
        assert loaded == set(release.libraries), release.version


def test_the_program_can_be_sent_as_json() -> None:
    assert json.loads(json.dumps(guest_runner.build_program("probe"))) == guest_runner.build_program("probe")
