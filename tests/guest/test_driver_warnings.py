"""Deficiencies of a working GPU become warnings, by the probe on a machine with a fake driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import catalog
from envkit.checks import observations
from envkit.checks.gpu import warnings
from envkit.model.report import Verdict
from tests.support.gpu_machines import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.report import Observation

RELEASE = catalog.release("2.9.0")
NVML = "libnvidia-ml.so.1"
H100 = {"FAKE_CAPABILITY": "9.0", "FAKE_NAME": "NVIDIA H100"}
# Deficiencies of a working GPU: machine, check, part of the hint; and a similar machine with its checks.
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


def test_a_deficiency_warns_and_a_similar_machine_does_not(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    for row, (machine, check, hint, similar, others) in NOTES.items():
        (finding,) = warnings.collect_warnings(inspect_driver(machine), RELEASE)
        assert (finding.check, finding.status) == (check, Verdict.WARNED), row
        assert hint in finding.hint, row
        assert finding.detail, row
        assert finding.cause, row
        assert [finding.check for finding in warnings.collect_warnings(inspect_driver(similar), RELEASE)] == others, row


def test_the_cache_of_compiled_kernels_is_reported(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]], tmp_path: Path
) -> None:
    cache = observations.data(inspect_driver(Machine({"CUDA_CACHE_PATH": f"{tmp_path}/cache"})), "gpu.cache")
    assert (cache["path"], cache["off"], cache["writable"]) == (f"{tmp_path}/cache", False, True)
    assert tmp_path.is_relative_to(cache["mount"])
    elsewhere = Machine({"CUDA_CACHE_PATH": "/dev/shm/cache", "CUDA_CACHE_DISABLE": "1"})
    shared = observations.data(inspect_driver(elsewhere), "gpu.cache")
    assert (shared["mount"], shared["type"], shared["off"]) == ("/dev/shm", "tmpfs", True)


def test_tools_outside_xlas_search_are_not_found(
    inspect_driver: Callable[[Machine], tuple[Observation, ...]],
) -> None:
    """TensorFlow 2.9.0 searches neither NVIDIA's wheels nor CUDA_DIR, although its message names the variable."""
    without = Machine({"CUDA_DIR": "/usr/lib/cuda"}, without_tools=["ptxas", "libdevice.10.bc"])
    assert dict(observations.data(inspect_driver(without), "gpu.tools")) == {"ptxas": "", "libdevice": ""}
