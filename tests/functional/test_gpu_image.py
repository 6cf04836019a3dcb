"""The GPU image, built for real: only `make test-gpu-image` runs this, because it downloads 2 GB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.gpu_image

REPORT_PROGRAM = """
import ctypes, json, os, shutil, sys
import tensorflow as tf
for name in json.loads(sys.argv[1]):
    ctypes.CDLL(name, mode=os.RTLD_NOW)
print(json.dumps({
    "cuda": tf.test.is_built_with_cuda(), "version": tf.__version__, "ptxas": shutil.which("ptxas"),
    "libdevice": os.listdir("/usr/local/cuda/nvvm/libdevice"), "cache": os.environ["CUDA_CACHE_PATH"],
    "sum": float(tf.reduce_sum(tf.ones((2, 3)))),
}))
"""
LIBRARIES = (
    "libcudart.so.11.0",
    "libcublas.so.11",
    "libcublasLt.so.11",
    "libcufft.so.10",
    "libcurand.so.10",
    "libcusolver.so.11",
    "libcusparse.so.11",
    "libcudnn.so.8",
    "libnvrtc.so",
    "libcupti.so.11.2",
)


@pytest.mark.proves("CUDA's libraries load in a GPU image", "real")
@pytest.mark.proves("the compiler's cache is in the home volume", "real")
def test_tensorflow_and_cuda_load_as_in_a_workspace(gpu_image: str, engine: docker.DockerClient) -> None:
    output = engine.containers.run(
        gpu_image,
        ["-c", REPORT_PROGRAM, json.dumps(LIBRARIES)],
        entrypoint="/opt/tensorflow/bin/python",
        user="1000:1000",
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        remove=True,
        stderr=False,
    )
    facts = json.loads(output.splitlines()[-1])
    assert facts == {
        "cuda": True,
        "version": "2.9.0",
        "ptxas": "/usr/local/bin/ptxas",
        "libdevice": ["libdevice.10.bc"],
        "cache": "/home/dev/.cache/nvidia",
        "sum": 6.0,
    }


def test_image_requests_no_gpu_itself(gpu_image: str, engine: docker.DockerClient) -> None:
    variables = engine.images.get(gpu_image).attrs["Config"]["Env"]
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in variables
    assert not [variable for variable in variables if variable.startswith("NVIDIA_VISIBLE_DEVICES")]
