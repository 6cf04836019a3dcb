"""What a GPU lacks that computes all the same: noted by the real looks on a machine with a made-up driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import catalog
from envkit.checks import observations
from envkit.checks.gpu import warnings
from envkit.model.report import Verdict
from tests.guest.machines import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.report import Observation

RELEASE = catalog.release("2.9.0")
NVML = "libnvidia-ml.so.1"
H100 = {"FAKE_CAPABILITY": "9.0", "FAKE_NAME": "NVIDIA H100"}
# What a GPU may lack that computes: machine, check, part of the hint; and the nearest miss with its checks.
NOTES: dict[str, tuple[Machine, str, str, Machine, list[str]]] = {
    "25 the container asks for no utility": (
        Machine({"NVIDIA_DRIVER_CAPABILITIES": "compute"}, without=[NVML]),
        "gpu/nvml-missing",
        "compute,utility",
        Machine({"NVIDIA_DRIVER_CAPABILITIES": "compute"}),
        [],
    ),
    "25 the toolkit did not bring it": (
        Machine({"NVIDIA_DRIVER_CAPABILITIES": "all"}, without=[NVML]),
        "gpu/nvml-missing",
        "nvidia-ctk",
        Machine({"FAKE_NVML": "999"}),
        [],
    ),
    "37 newer than the release": (
        Machine(H100),
        "gpu/compiles-at-first-use",
        "envkit.yaml",
        Machine({"FAKE_CAPABILITY": "8.9"}),
        [],
    ),
    "37 and nothing of it is kept": (
        Machine({**H100, "CUDA_CACHE_DISABLE": "1"}),
        "gpu/compiles-at-first-use",
        "CUDA_CACHE_PATH",
        Machine({"CUDA_CACHE_DISABLE": "1"}),
        [],
    ),
    "39 no ptxas": (
        Machine(without_tools=["ptxas"]),
        "gpu/ptxas-missing",
        "PATH",
        Machine(without_tools=["libdevice.10.bc"]),
        ["gpu/libdevice-missing"],
    ),
    "40 no libdevice": (
        Machine(without_tools=["libdevice.10.bc"]),
        "gpu/libdevice-missing",
        "--xla_gpu_cuda_data_dir",
        Machine(),
        [],
    ),
}


@pytest.mark.parametrize("row", NOTES)
def test_what_a_gpu_lacks_that_computes_is_noted_and_the_nearest_miss_is_not(
    row: str, looked: Callable[[Machine], tuple[Observation, ...]]
) -> None:
    machine, check, hint, near, others = NOTES[row]
    (found,) = warnings.collect_warnings(looked(machine), RELEASE)
    assert (found.check, found.status) == (check, Verdict.WARNED)
    assert hint in found.hint
    assert found.detail
    assert found.cause
    assert [one.check for one in warnings.collect_warnings(looked(near), RELEASE)] == others


def test_where_what_is_compiled_is_kept_is_told(
    looked: Callable[[Machine], tuple[Observation, ...]], tmp_path: Path
) -> None:
    cache = observations.data(looked(Machine({"CUDA_CACHE_PATH": f"{tmp_path}/cache"})), "gpu.cache")
    assert (cache["path"], cache["off"], cache["writable"]) == (f"{tmp_path}/cache", False, True)
    assert tmp_path.is_relative_to(cache["mount"])
    elsewhere = Machine({"CUDA_CACHE_PATH": "/dev/shm/cache", "CUDA_CACHE_DISABLE": "1"})
    shared = observations.data(looked(elsewhere), "gpu.cache")
    assert (shared["mount"], shared["type"], shared["off"]) == ("/dev/shm", "tmpfs", True)


def test_an_xla_of_another_search_finds_nothing_in_the_wheels(
    looked: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    """2.9.0 looks neither into NVIDIA's wheels nor where CUDA_DIR says, although its message names that."""
    without = Machine({"CUDA_DIR": "/usr/lib/cuda"}, without_tools=["ptxas", "libdevice.10.bc"])
    assert dict(observations.data(looked(without), "gpu.tools")) == {"ptxas": "", "libdevice": ""}
