"""Failures of the real TensorFlow 2.9.0 on a fake driver, by row of the failure table.

Only `make test-gpu-image` runs these tests. Each has a near miss: a similar setup with another diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import catalog, checks
from envkit.checks import observations
from envkit.checks.gpu import compute_failures, warnings
from envkit.model.facts import HostGpu
from envkit.model.report import Observation, Verdict
from tests.support.fake_gpu import WHEELS, FakeGpu, FakeGpuSetup

if TYPE_CHECKING:
    import docker

    from envkit.model.report import Finding

pytestmark = pytest.mark.gpu_image
RELEASE = catalog.release("2.9.0")
CUDART = ("libcudart.so.11.0",)
MEMORY_TAKEN = {"FAKE_CUDNN_CREATE": "4", "FAKE_USED_MIB": "16200", "FAKE_PROCESSES": "1"}
UTILITY_ONLY = {"NVIDIA_DRIVER_CAPABILITIES": "utility"}
SLOW = {"FAKE_LAUNCH_S": "90"}


def fake_gpu(**variables: str) -> FakeGpuSetup:
    return FakeGpuSetup(variables)


# By row of the failure table: setup, check and part of the hint; near miss and its check.
ROWS: dict[str, tuple[FakeGpuSetup, str, str, FakeGpuSetup, str]] = {
    "26 libcuda not injected": (
        FakeGpuSetup(real=["libcuda.so.1"]),
        "gpu/libcuda-missing",
        "nvidia-ctk runtime configure",
        FakeGpuSetup(UTILITY_ONLY, real=["libcuda.so.1"]),
        "gpu/libcuda-missing",
    ),
    "27 a stub": (
        fake_gpu(FAKE_CUINIT="34"),
        "gpu/libcuda-stub",
        "stubs",
        fake_gpu(FAKE_CUINIT="35"),
        "gpu/driver-unknown",
    ),
    "28 no device": (
        fake_gpu(FAKE_CUINIT="100", FAKE_NVML="9"),
        "gpu/module-not-loaded",
        "modprobe nvidia",
        fake_gpu(FAKE_CUINIT="100"),
        "gpu/driver-unknown",
    ),
    "34 a library is missing": (
        FakeGpuSetup(broken=["libcusolver.so.11"]),
        "gpu/libraries-missing",
        "ldconfig",
        fake_gpu(FAKE_CUDNN="8005"),
        "gpu/cudnn-wrong",
    ),
    "35 an older cuDNN": (
        fake_gpu(FAKE_CUDNN="8005"),
        "gpu/cudnn-wrong",
        "docs/reference/catalog.md",
        fake_gpu(FAKE_CUDNN_CREATE="4"),
        "gpu/library-fails",
    ),
    "37 kernels are compiled": (
        FakeGpuSetup({**SLOW, "FAKE_CAPABILITY": "9.0"}, limit_s=25),
        "gpu/op-failed",
        "wait during the first run",
        FakeGpuSetup({**SLOW, "FAKE_CAPABILITY": "8.6"}, limit_s=25),
        "gpu/op-failed",
    ),
    "38 GPU too old": (
        fake_gpu(FAKE_CAPABILITY="3.0"),
        "gpu/too-old",
        "older TensorFlow",
        fake_gpu(FAKE_CAPABILITY="3.5", FAKE_LAUNCH="209"),
        "gpu/no-kernel",
    ),
    "41 PTX of a newer toolkit": (
        fake_gpu(FAKE_LAUNCH="222"),
        "gpu/ptx-too-new",
        "nvidia-driver",
        fake_gpu(FAKE_LAUNCH="200"),
        "gpu/no-kernel",
    ),
    "42 no memory for cuDNN": (
        FakeGpuSetup(MEMORY_TAKEN),
        "gpu/memory-taken",
        "stop them",
        fake_gpu(FAKE_CUDNN_CREATE="1"),
        "gpu/library-fails",
    ),
    "42 cuDNN fails with memory free": (
        fake_gpu(FAKE_CUDNN_CREATE="4"),
        "gpu/library-fails",
        "whether the GPU works",
        FakeGpuSetup(MEMORY_TAKEN),
        "gpu/memory-taken",
    ),
    "42 no memory for TensorFlow": (
        FakeGpuSetup({"FAKE_FREE_MIB": "0"}, limit_s=110),
        "gpu/memory-taken",
        "stop them",
        fake_gpu(FAKE_CUBLAS="1"),
        "gpu/library-fails",
    ),
    "43 no code for this GPU": (
        fake_gpu(FAKE_LAUNCH="209"),
        "gpu/no-kernel",
        "TensorFlow release",
        fake_gpu(FAKE_LAUNCH="999"),
        "gpu/op-failed",
    ),
    "43 damaged code": (
        fake_gpu(FAKE_LAUNCH="200"),
        "gpu/no-kernel",
        "TensorFlow release",
        fake_gpu(FAKE_LAUNCH="222"),
        "gpu/ptx-too-new",
    ),
    "44 listed, but no operation runs": (
        FakeGpuSetup(real=CUDART),
        "gpu/op-failed",
        "sudo reboot",
        fake_gpu(FAKE_GEMM="13"),
        "gpu/op-failed",
    ),
}


@pytest.fixture(scope="module")
def gpu(engine: docker.DockerClient, gpu_image: str, tmp_path_factory: pytest.TempPathFactory) -> FakeGpu:
    return FakeGpu(engine, gpu_image, tmp_path_factory.mktemp("gpu"))


def gpu_finding(probe_observations: tuple[Observation, ...]) -> Finding:
    """Return the finding about the GPU, as of an `up --gpu` on a host with a loaded driver."""
    host = HostGpu("470.256.02", ("/dev/nvidia0",), ("0000:01:00.0",))
    findings = checks.probe(probe_observations, release=RELEASE, gpu_required=True, host=host)
    (finding,) = [finding for finding in findings if finding.check.startswith("gpu/")]
    return finding


@pytest.mark.proves("the errors of real TensorFlow on a broken GPU are explained with a hint", "stand-in")
@pytest.mark.parametrize("row", ROWS)
def test_gpu_failure_is_diagnosed_and_its_near_miss_differs(row: str, gpu: FakeGpu) -> None:
    setup, check, hint, near_miss, other_check = ROWS[row]
    finding, other_finding = gpu_finding(gpu.probe(setup)), gpu_finding(gpu.probe(near_miss))
    assert (finding.check, finding.status) == (check, Verdict.FAILED), finding
    assert hint in finding.hint
    assert other_finding.check == other_check
    assert other_check != check or (finding.cause, finding.hint) != (other_finding.cause, other_finding.hint)


def test_unknown_gpu_failure_is_shown_verbatim(gpu: FakeGpu) -> None:
    finding = gpu_finding(gpu.probe(fake_gpu(FAKE_GEMM="13")))
    assert (finding.check, finding.cause) == ("gpu/op-failed", "unknown")
    assert "CUBLAS_STATUS_EXECUTION_FAILED" in finding.detail


@pytest.mark.proves(
    "for a newer GPU the probe reports how long the first operation took and whether its compiled code is kept",
    "stand-in",
)
def test_newer_gpu_reports_the_time_of_its_first_operation(gpu: FakeGpu) -> None:
    probe_result = gpu.probe(fake_gpu(FAKE_CAPABILITY="9.0", CUDA_CACHE_PATH="/tmp/cache"))
    (finding,) = compile_warnings(probe_result)
    assert "(9.0); its first operation took " in finding.detail
    assert "is lost with the container: /tmp/cache is not on a volume" in finding.detail
    assert "jit-compiled from PTX" in observations.log(probe_result)
    for capability in ("8.6", "8.9"):
        other_result = gpu.probe(fake_gpu(FAKE_CAPABILITY=capability))
        assert not compile_warnings(other_result)
        assert "jit-compiled from PTX" not in observations.log(other_result)


def compile_warnings(probe_observations: tuple[Observation, ...]) -> list[Finding]:
    """Return the warnings that the first use of a GPU compiles kernels."""
    found_warnings = warnings.collect_warnings(probe_observations, RELEASE)
    return [warning for warning in found_warnings if warning.check == "gpu/compiles-at-first-use"]


# Program that makes the real cuDNN load one of its libraries, as a convolution does.
LOAD_CUDNN = "import ctypes; print('it', 'answers', ctypes.CDLL('libcudnn.so.8').cudnnCnnInferVersionCheck())"
ENDED = {"36 cuDNN finds no libnvrtc.so": "gpu/cudnn-incomplete"}


@pytest.mark.parametrize("row", ENDED)
def test_error_of_the_real_cudnn_is_recognized(row: str, gpu: FakeGpu) -> None:
    output = gpu.run(LOAD_CUDNN, FakeGpuSetup(real=["libcudnn.so.8"], hidden=[f"{WHEELS}/cuda_nvrtc/lib"]))
    assert "Error: libnvrtc.so: cannot open shared object file" in output
    finding = compute_failures.diagnose(
        [
            Observation("begin", {"look": "tensorflow.op", "device": "GPU:0", "op": "conv2d"}),
            Observation("ended", {"by": "signal", "signal": "SIGABRT"}),
            Observation("tensorflow.log", {"text": output}),
        ],
        ["GPU:0"],
        RELEASE,
    )
    assert (finding.check, finding.status) == (ENDED[row], Verdict.FAILED)
    assert "ln -s" in finding.hint
    assert "it answers 0" in gpu.run(LOAD_CUDNN, FakeGpuSetup(real=["libcudnn.so.8"]))


XLA = """
import tensorflow as tf
with tf.device("/GPU:0"):
    compiled = tf.function(lambda x: tf.math.lgamma(tf.math.exp(x)), jit_compile=True)
    print("ran", "on", compiled(tf.constant([1.0, 2.0])).device)
"""
# By row: setup, note of the probe, and TensorFlow's message when it compiles.
COMPILERS: dict[str, tuple[FakeGpuSetup, str, str]] = {
    "39 no ptxas": (
        FakeGpuSetup({"PATH": "/usr/bin:/bin"}, hidden=[f"{WHEELS}/cuda_nvcc/bin"]),
        "gpu/ptxas-missing",
        "Couldn't get ptxas version string",
    ),
    "40 no libdevice": (
        FakeGpuSetup(hidden=[f"{WHEELS}/cuda_nvcc/nvvm"]),
        "gpu/libdevice-missing",
        "libdevice not found at ./libdevice.10.bc",
    ),
}


@pytest.mark.proves("the errors of real TensorFlow on a broken GPU are explained with a hint", "stand-in")
@pytest.mark.parametrize("row", COMPILERS)
def test_missing_xla_tools_are_noted_before_xla_fails(row: str, gpu: FakeGpu) -> None:
    setup, check, message = COMPILERS[row]
    notes = warnings.collect_warnings(gpu.probe(setup), RELEASE)
    assert [note.check for note in notes] == [check]
    assert notes[0].hint
    log = gpu.run(XLA, setup)
    assert message in log
    assert "ran on" not in log


def test_xla_compiles_with_all_cuda_tools(gpu: FakeGpu) -> None:
    assert warnings.collect_warnings(gpu.probe(FakeGpuSetup()), RELEASE) == ()
    assert "ran on /job:localhost/replica:0/task:0/device:GPU:0" in gpu.run(XLA, FakeGpuSetup())
