"""What real TensorFlow 2.9.0 does on a made-up driver, row by row of the failure table: `make test-gpu-image` alone.

`near` is the nearest miss: one thing changed, and another verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import catalog, checks
from envkit.checks import observations
from envkit.checks.gpu import compute_failures, warnings
from envkit.model.facts import HostGpu
from envkit.model.report import Observation, Verdict
from tests.functional.made_up_gpu import WHEELS, Given, MadeUpGpu

if TYPE_CHECKING:
    import docker

    from envkit.model.report import Finding

pytestmark = pytest.mark.gpu_image
RELEASE = catalog.release("2.9.0")
CUDART = ("libcudart.so.11.0",)
TAKEN = {"FAKE_CUDNN_CREATE": "4", "FAKE_USED_MIB": "16200", "FAKE_PROCESSES": "1"}
ASKS_FOR_UTILITY = {"NVIDIA_DRIVER_CAPABILITIES": "utility"}
SLOW = {"FAKE_LAUNCH_S": "90"}


def says(**variables: str) -> Given:
    return Given(variables)


# Row of the failure table: what is given, check, part of the hint; and the nearest miss with its check.
ROWS: dict[str, tuple[Given, str, str, Given, str]] = {
    "26 libcuda not injected": (
        Given(real=["libcuda.so.1"]),
        "gpu/libcuda-missing",
        "nvidia-ctk runtime configure",
        Given(ASKS_FOR_UTILITY, real=["libcuda.so.1"]),
        "gpu/libcuda-missing",
    ),
    "27 a stub": (says(FAKE_CUINIT="34"), "gpu/libcuda-stub", "stubs", says(FAKE_CUINIT="35"), "gpu/driver-unknown"),
    "28 no device": (
        says(FAKE_CUINIT="100", FAKE_NVML="9"),
        "gpu/module-not-loaded",
        "modprobe nvidia",
        says(FAKE_CUINIT="100"),
        "gpu/driver-unknown",
    ),
    "34 a library is missing": (
        Given(broken=["libcusolver.so.11"]),
        "gpu/libraries-missing",
        "ldconfig",
        says(FAKE_CUDNN="8005"),
        "gpu/cudnn-wrong",
    ),
    "35 an older cuDNN": (
        says(FAKE_CUDNN="8005"),
        "gpu/cudnn-wrong",
        "docs/reference/catalog.md",
        says(FAKE_CUDNN_CREATE="4"),
        "gpu/library-fails",
    ),
    "37 kernels are compiled": (
        Given({**SLOW, "FAKE_CAPABILITY": "9.0"}, limit_s=25),
        "gpu/op-failed",
        "wait during the first run",
        Given({**SLOW, "FAKE_CAPABILITY": "8.6"}, limit_s=25),
        "gpu/op-failed",
    ),
    "38 too old a GPU": (
        says(FAKE_CAPABILITY="3.0"),
        "gpu/too-old",
        "older TensorFlow",
        says(FAKE_CAPABILITY="3.5", FAKE_LAUNCH="209"),
        "gpu/no-kernel",
    ),
    "41 PTX of a newer toolkit": (
        says(FAKE_LAUNCH="222"),
        "gpu/ptx-too-new",
        "nvidia-driver",
        says(FAKE_LAUNCH="200"),
        "gpu/no-kernel",
    ),
    "42 cuDNN gets no memory": (
        Given(TAKEN),
        "gpu/memory-taken",
        "stop them",
        says(FAKE_CUDNN_CREATE="1"),
        "gpu/library-fails",
    ),
    "42 cuDNN fails with memory free": (
        says(FAKE_CUDNN_CREATE="4"),
        "gpu/library-fails",
        "whether the GPU works",
        Given(TAKEN),
        "gpu/memory-taken",
    ),
    "42 TensorFlow gets no memory": (
        Given({"FAKE_FREE_MIB": "0"}, limit_s=110),
        "gpu/memory-taken",
        "stop them",
        says(FAKE_CUBLAS="1"),
        "gpu/library-fails",
    ),
    "43 no code for this GPU": (
        says(FAKE_LAUNCH="209"),
        "gpu/no-kernel",
        "TensorFlow release",
        says(FAKE_LAUNCH="999"),
        "gpu/op-failed",
    ),
    "43 code that is damaged": (
        says(FAKE_LAUNCH="200"),
        "gpu/no-kernel",
        "TensorFlow release",
        says(FAKE_LAUNCH="222"),
        "gpu/ptx-too-new",
    ),
    "44 listed, and no operation runs": (
        Given(real=CUDART),
        "gpu/op-failed",
        "sudo reboot",
        says(FAKE_GEMM="13"),
        "gpu/op-failed",
    ),
}


@pytest.fixture(scope="module")
def gpu(engine: docker.DockerClient, gpu_image: str, tmp_path_factory: pytest.TempPathFactory) -> MadeUpGpu:
    return MadeUpGpu(engine, gpu_image, tmp_path_factory.mktemp("gpu"))


def judged(seen: tuple[Observation, ...]) -> Finding:
    """Judge the GPU alone, as an `up --gpu` would, on a host whose driver is loaded."""
    host = HostGpu("470.256.02", ("/dev/nvidia0",), ("0000:01:00.0",))
    found = checks.probe(seen, release=RELEASE, gpu_required=True, host=host)
    (one,) = [finding for finding in found if finding.check.startswith("gpu/")]
    return one


@pytest.mark.proves("what real TensorFlow says of a broken GPU is explained with its hint", "stand-in")
@pytest.mark.parametrize("row", ROWS)
def test_a_fault_of_a_gpu_is_named_with_its_hint_and_the_nearest_miss_is_another(row: str, gpu: MadeUpGpu) -> None:
    given, check, hint, near, other = ROWS[row]
    found, missed = judged(gpu.probe(given)), judged(gpu.probe(near))
    assert (found.check, found.status) == (check, Verdict.FAILED), found
    assert hint in found.hint
    assert missed.check == other
    assert other != check or (found.cause, found.hint) != (missed.cause, missed.hint)


def test_what_nobody_has_seen_before_is_shown_as_it_is(gpu: MadeUpGpu) -> None:
    found = judged(gpu.probe(says(FAKE_GEMM="13")))
    assert (found.check, found.cause) == ("gpu/op-failed", "unknown")
    assert "CUBLAS_STATUS_EXECUTION_FAILED" in found.detail


@pytest.mark.proves("for a newer GPU the probe tells how long the first operation took and what is kept", "stand-in")
def test_a_gpu_newer_than_the_release_is_told_with_the_time_of_its_first_operation(gpu: MadeUpGpu) -> None:
    seen = gpu.probe(says(FAKE_CAPABILITY="9.0", CUDA_CACHE_PATH="/tmp/cache"))
    (found,) = [one for one in warnings.collect_warnings(seen, RELEASE) if one.check == "gpu/compiles-at-first-use"]
    assert "(9.0); its first operation took " in found.detail
    assert "is lost with the container: /tmp/cache is not on a volume" in found.detail
    assert "jit-compiled from PTX" in observations.log(seen)
    for silent in ("8.6", "8.9"):
        near = gpu.probe(says(FAKE_CAPABILITY=silent))
        assert not [one for one in warnings.collect_warnings(near, RELEASE) if one.check == "gpu/compiles-at-first-use"]
        assert "jit-compiled from PTX" not in observations.log(near)


# The program that asks the real cuDNN to load a part of itself, as a convolution does.
ASKS = "import ctypes; print('it', 'answers', ctypes.CDLL('libcudnn.so.8').cudnnCnnInferVersionCheck())"
ENDED = {"36 cuDNN finds no libnvrtc.so": "gpu/cudnn-incomplete"}


@pytest.mark.parametrize("row", ENDED)
def test_the_last_words_of_the_real_cudnn_are_recognised(row: str, gpu: MadeUpGpu) -> None:
    said = gpu.run(ASKS, Given(real=["libcudnn.so.8"], hidden=[f"{WHEELS}/cuda_nvrtc/lib"]))
    assert "Error: libnvrtc.so: cannot open shared object file" in said
    found = compute_failures.diagnose(
        [
            Observation("begin", {"look": "tensorflow.op", "device": "GPU:0", "op": "conv2d"}),
            Observation("ended", {"by": "signal", "signal": "SIGABRT"}),
            Observation("tensorflow.log", {"text": said}),
        ],
        ["GPU:0"],
        RELEASE,
    )
    assert (found.check, found.status) == (ENDED[row], Verdict.FAILED)
    assert "ln -s" in found.hint
    assert "it answers 0" in gpu.run(ASKS, Given(real=["libcudnn.so.8"]))


XLA = """
import tensorflow as tf
with tf.device("/GPU:0"):
    compiled = tf.function(lambda x: tf.math.lgamma(tf.math.exp(x)), jit_compile=True)
    print("ran", "on", compiled(tf.constant([1.0, 2.0])).device)
"""
# Row: what is given, the note that the probe makes of it, and what TensorFlow says where it compiles all the same.
COMPILERS: dict[str, tuple[Given, str, str]] = {
    "39 no ptxas": (
        Given({"PATH": "/usr/bin:/bin"}, hidden=[f"{WHEELS}/cuda_nvcc/bin"]),
        "gpu/ptxas-missing",
        "Couldn't get ptxas version string",
    ),
    "40 no libdevice": (
        Given(hidden=[f"{WHEELS}/cuda_nvcc/nvvm"]),
        "gpu/libdevice-missing",
        "libdevice not found at ./libdevice.10.bc",
    ),
}


@pytest.mark.proves("what real TensorFlow says of a broken GPU is explained with its hint", "stand-in")
@pytest.mark.parametrize("row", COMPILERS)
def test_what_xla_will_lack_is_told_before_it_fails(row: str, gpu: MadeUpGpu) -> None:
    given, check, said = COMPILERS[row]
    noted = warnings.collect_warnings(gpu.probe(given), RELEASE)
    assert [one.check for one in noted] == [check]
    assert noted[0].hint
    log = gpu.run(XLA, given)
    assert said in log
    assert "ran on" not in log


def test_with_all_of_cudas_tools_xla_compiles(gpu: MadeUpGpu) -> None:
    assert warnings.collect_warnings(gpu.probe(Given()), RELEASE) == ()
    assert "ran on /job:localhost/replica:0/task:0/device:GPU:0" in gpu.run(XLA, Given())
