"""Adapt hints to foreign images, which have no envkit.yaml and are not created by `envkit up`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import crash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.report import Finding

ENVKIT_COMMAND = "envkit"  # a hint that contains it is for a workspace
_CPU_OPTION = "or --expect cpu, if none is needed"
_DEVICE_CHECK = "docker run --rm --gpus all IMAGE ls -l /dev shows whether the engine passes a GPU"
# Check id -> hint.
HINTS: Mapping[str, str] = {
    "image/ssh": "in the image: apt-get install openssh-server",
    "gpu/device-missing": f"use a machine with an NVIDIA GPU; {_CPU_OPTION}",
    "gpu/driver-missing": "lspci | grep -i nvidia shows whether there is a GPU. If so: sudo apt-get install "
    "nvidia-driver && sudo modprobe nvidia (Debian, component non-free) or sudo ubuntu-drivers install (Ubuntu); if "
    "not: --expect cpu",
    "gpu/wsl": f"use a machine that runs Linux natively; {_CPU_OPTION}",
    "gpu/cpu-build": f"install TensorFlow's GPU build in the image; {_CPU_OPTION}",
    "gpu/nodes-missing": f"sudo nvidia-modprobe -u -c=0, on the host; then {_DEVICE_CHECK}",
    "gpu/nodes-denied": f"{_DEVICE_CHECK}; for a lasting fix, pass GPUs by CDI",
    "gpu/libcuda-missing": "set NVIDIA_DRIVER_CAPABILITIES to compute,utility in the image; or sudo nvidia-ctk runtime "
    "configure --runtime=docker && sudo systemctl restart docker, on the host",
    "gpu/driver-in-image": "remove the driver's library from the image: the engine mounts the host's with the GPU",
    "gpu/libcuda-damaged": "remove libcuda from the image: the engine mounts the host's with the GPU",
    "gpu/no-kernel": "use an image whose TensorFlow has code for this GPU; for the GeForce RTX 50, users report that "
    f"nvcr.io/nvidia/tensorflow:25.02-tf2-py3 works (unconfirmed); {_CPU_OPTION}",
    "gpu/mps": "start the MPS daemon on the host, and pass its pipe folder and the host's IPC to the "
    "container; or remove "
    "CUDA_MPS_PIPE_DIRECTORY from the image",
    "gpu/hidden": "remove ENV CUDA_VISIBLE_DEVICES from the image",
    "gpu/too-old": f"use a newer GPU, or an image with an older TensorFlow; {_CPU_OPTION}",
    "gpu/op-failed": "docker run --rm --gpus all IMAGE nvidia-smi shows whether the driver works in it",
    "tensorflow/missing": "pip install tensorflow, in the image, for the named Python",
    "tensorflow/import-failed": "docker run --rm IMAGE python -c 'import tensorflow' shows the full error",
    "tensorflow/op-failed": "docker run --rm IMAGE python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
}
# Hint for a workspace -> hint for an image, if the check does not determine it.
_REPLACEMENTS: Mapping[str, str] = {
    crash.OUT_OF_MEMORY[1]: "the test limits an image to 8 GB, and this one needs more",
    crash.TIMEOUT[1]: "try again when the machine is idle, or with a longer --timeout",
    crash.CRASH_HINT: "to see where it crashes, repeat that step in: docker run --rm -it IMAGE python -q "
    "-X faulthandler",
}
_DEFAULT_HINT = "to see more, repeat that step in: docker run --rm -it IMAGE python"
_GPU_HINT = "to see TensorFlow's whole log, repeat that step in: docker run --rm -it --gpus all IMAGE python"


def adapt_to_image(finding: Finding) -> Finding:
    """Replace a finding's hint for a workspace by one for an image."""
    if "%pip" in finding.hint:
        return replace(finding, hint=finding.hint.replace("in a notebook: %pip", "in the image: pip"))
    if ENVKIT_COMMAND not in finding.hint:
        return finding
    if "CUDA_VISIBLE_DEVICES" in finding.cause:
        return replace(finding, hint=HINTS["gpu/hidden"])
    default = _GPU_HINT if finding.check.startswith("gpu/") else _DEFAULT_HINT
    return replace(finding, hint=_REPLACEMENTS.get(finding.hint) or HINTS.get(finding.check, default))
