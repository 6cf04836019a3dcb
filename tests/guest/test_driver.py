"""The real driver looks beside a made-up NVIDIA driver: each row of the failure table that shows below TensorFlow.

The libraries are small C programs that answer what a row says the real ones answer. Device nodes are plain files,
since a look only opens them. `near` is the nearest miss: one thing changed, and another verdict.
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
from tests.guest.machines import NODES, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.model.report import Finding, Observation

RELEASE = catalog.release("2.9.0")
HOST = HostGpu("470.256.02", ("/dev/nvidia0",), ("0000:01:00.0",))


def judged(seen: Sequence[Observation]) -> Finding:
    """Judge the GPU alone, as an `up --gpu` would, on a host whose driver is loaded."""
    found = checks.probe(seen, release=RELEASE, gpu_required=True, host=HOST)
    (one,) = [finding for finding in found if finding.check.startswith("gpu/")]
    return one


HEALTHY = "gpu/not-looked"  # nothing is wrong below TensorFlow, which is none here
UTILITY = {"NVIDIA_DRIVER_CAPABILITIES": "utility"}


def stopped(code: int, **also: str) -> Machine:
    return Machine({"FAKE_CUINIT": str(code), **also})


# Row of the table: machine, check, part of the hint; and the nearest miss with its check.
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
        stopped(802),
        "gpu/fabric-manager",
        "nvidia-fabricmanager",
        stopped(801),
        "gpu/driver-unknown",
    ),
    "4 nvidia_uvm broken": (
        stopped(999),
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
    "27 a stub answers 34": (stopped(34), "gpu/libcuda-stub", "stubs", stopped(35), "gpu/driver-unknown"),
    "28 no device": (
        stopped(100, FAKE_NVML="9"),
        "gpu/module-not-loaded",
        "sudo modprobe nvidia",
        stopped(100, FAKE_NVML_GPUS="0"),
        "gpu/none-left",
    ),
    "30 node modes": (
        stopped(100, FAKE_NVML="4"),
        "gpu/nodes-forbidden",
        "chmod a+rw",
        stopped(100, FAKE_NVML="999"),
        "gpu/none-left",
    ),
    "31 hidden by a variable": (
        stopped(100, CUDA_VISIBLE_DEVICES="-1"),
        "gpu/hidden",
        "CUDA_VISIBLE_DEVICES",
        stopped(100),
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
        stopped(100, FAKE_MIG="1"),
        "gpu/mig-empty",
        "nvidia-smi mig -cgi",
        stopped(100, FAKE_MIG="0"),
        "gpu/driver-unknown",
    ),
    "32 a driver in the image": (
        Machine({"FAKE_CUINIT": "803"}, package="libcuda1"),
        "gpu/driver-in-image",
        "take libcuda1 out",
        stopped(803),
        "gpu/driver-mismatch",
    ),
    "33 compat library": (stopped(804), "gpu/compat-library", "cuda-compat", stopped(805), "gpu/driver-unknown"),
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
        "docs/catalog.md",
        Machine({"FAKE_CUDNN": "8700"}),
        HEALTHY,
    ),
    "35 a cuDNN of another kind": (
        Machine({"FAKE_CUDNN": "90100"}),
        "gpu/cudnn-wrong",
        "docs/catalog.md",
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
    "an answer that nobody has seen": (
        stopped(12345, FAKE_ERROR_NAME="CUDA_ERROR_NEW"),
        "gpu/driver-unknown",
        "nvidia-smi",
        Machine(),
        HEALTHY,
    ),
}


@pytest.mark.proves("A GPU that fails is explained by the layer that failed", "stand-in")
@pytest.mark.parametrize("row", ROWS)
def test_a_fault_below_tensorflow_is_named_with_its_hint(
    row: str, looked: Callable[[Machine], tuple[Observation, ...]]
) -> None:
    machine, check, hint, _, _ = ROWS[row]
    found = judged(looked(machine))
    assert (found.check, found.status) == (check, Verdict.FAILED), found
    assert hint in found.hint
    assert found.detail
    assert found.cause


@pytest.mark.parametrize("row", ROWS)
def test_the_nearest_miss_is_something_else(row: str, looked: Callable[[Machine], tuple[Observation, ...]]) -> None:
    machine, check, _, near, other = ROWS[row]
    found = judged(looked(near))
    assert found.check == other
    assert other != check or found.hint != judged(looked(machine)).hint


def test_what_nobody_has_seen_before_is_shown_as_it_is(looked: Callable[[Machine], tuple[Observation, ...]]) -> None:
    found = judged(looked(ROWS["an answer that nobody has seen"][0]))
    assert found.detail == "cuInit answers 12345 CUDA_ERROR_NEW"
    assert found.cause == "unknown"


def test_the_loaders_own_words_are_told(looked: Callable[[Machine], tuple[Observation, ...]]) -> None:
    found = judged(looked(Machine(without=["libcuda.so.1"])))
    assert found.detail.endswith("libcuda.so.1: cannot open shared object file: No such file or directory")


def test_a_healthy_machine_is_told_gpu_by_gpu(looked: Callable[[Machine], tuple[Observation, ...]]) -> None:
    seen = looked(Machine({"FAKE_USED_MIB": "1024", "FAKE_PROCESSES": "2", "FAKE_NVML_GPUS": "2", "FAKE_GPUS": "2"}))
    nvml, cuda = observations.data(seen, "gpu.nvml"), observations.data(seen, "gpu.cuda")
    assert nvml["driver"] == "470.256.02"
    assert nvml["gpus"] == [
        {
            "index": index,
            "name": "NVIDIA T4",
            "uuid": f"GPU-0000000{index + 1}",
            "memory_mib": 16384,
            "used_mib": 1024,
            "mig": False,
            "processes": 2,
        }
        for index in range(2)
    ]
    assert cuda == {
        "code": 0,
        "name": "",
        "cuda": 11080,
        "gpus": [{"name": "NVIDIA T4", "compute_capability": "7.5"}] * 2,
    }
    libraries: dict[str, Any] = dict(observations.data(seen, "gpu.libraries"))
    assert set(libraries["libraries"]) == set(RELEASE.libraries)
    assert set(libraries["libraries"].values()) == {"ok"}
    assert libraries["cudnn"] == 8100


def test_what_nvml_and_the_driver_say_of_a_gpu_is_put_together(
    looked: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    listed = inventory.list_gpus(looked(Machine({"FAKE_NVML_GPUS": "2", "FAKE_GPUS": "1", "FAKE_PROCESSES": "1"})))
    assert [(one.index, one.driver, one.compute_capability, one.processes) for one in listed] == [
        (0, "470.256.02", "7.5", 1),
        (1, "470.256.02", "", 1),
    ]
    assert inventory.list_gpus(looked(Machine(without=["libcuda.so.1"]))) == ()


def test_a_driver_that_crashes_is_told_of_and_tensorflow_is_looked_at_all_the_same(
    looked: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    seen = looked(Machine({"FAKE_CRASH": "1"}))
    assert observations.data(seen, "driver.ended")["signal"] == "SIGABRT"
    assert observations.last(seen, "tensorflow.import")
    assert judged(seen).check == "gpu/driver-crashed"


@pytest.mark.parametrize("release", [one for one in catalog.releases() if one.libraries], ids=lambda one: one.version)
def test_the_looks_open_the_libraries_that_the_catalogue_names(release: Any) -> None:
    known = runpy.run_path(str(ROOT / "envkit/guest/gpu_driver.py"))["LIBRARIES"]
    opened = {*known[release.cuda.split(".")[0]], f"libcudnn.so.{release.cudnn.split('.')[0]}"}
    assert opened == set(release.libraries)


def test_the_text_that_is_sent_is_plain_json_lines_in_answer() -> None:
    assert json.loads(json.dumps(guest_runner.build_program("probe"))) == guest_runner.build_program("probe")
