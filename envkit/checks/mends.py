"""What mends an image that somebody made: it has no envkit.yaml, and no `envkit up` brings it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.report import Finding

OURS = "envkit"  # a mend that names it is for a workspace
_CPU = "or --expect cpu, where none is needed"
_HANDED_IN = "docker run --rm --gpus all IMAGE ls -l /dev shows whether the engine hands a GPU in"
# By check.
MENDS: Mapping[str, str] = {
    "gpu/device-missing": f"use a machine with an NVIDIA GPU; {_CPU}",
    "gpu/driver-missing": "lspci | grep -i nvidia shows whether there is a GPU. If so: sudo apt-get install "
    "nvidia-driver && sudo modprobe nvidia (Debian, component non-free) or sudo ubuntu-drivers install (Ubuntu); if "
    "not: --expect cpu",
    "gpu/wsl": f"use a machine that runs Linux itself; {_CPU}",
    "gpu/cpu-build": f"put TensorFlow's GPU build into the image; {_CPU}",
    "gpu/nodes-missing": f"sudo nvidia-modprobe -u -c=0, on the host; then {_HANDED_IN}",
    "gpu/nodes-denied": f"{_HANDED_IN}; to last, pass GPUs by CDI",
    "gpu/libcuda-missing": "set NVIDIA_DRIVER_CAPABILITIES to compute,utility in the image; or sudo nvidia-ctk runtime "
    "configure --runtime=docker && sudo systemctl restart docker, on the host",
    "gpu/driver-in-image": "take the driver's library out of the image: the host's is handed in with the GPU",
    "gpu/hidden": "take ENV CUDA_VISIBLE_DEVICES out of the image",
    "gpu/too-old": f"use a newer GPU, or an image with an older TensorFlow; {_CPU}",
    "gpu/op-failed": "docker run --rm --gpus all IMAGE nvidia-smi shows whether the driver works in it",
    "tensorflow/missing": "pip install tensorflow, in the image, for the Python that is named",
    "tensorflow/import-failed": "docker run --rm IMAGE python -c 'import tensorflow' shows all of it",
    "tensorflow/op-failed": "docker run --rm IMAGE python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
}
# By what is said of a workspace, where the check alone does not tell.
_INSTEAD: Mapping[str, str] = {
    ending.OUT_OF_MEMORY[1]: "the test gives an image 8 GB: what is in it needs more than that",
    ending.TOO_LONG[1]: "once the machine is idle, or with a longer --timeout",
    ending.CRASH_MEND: "docker run --rm -it IMAGE python -q -X faulthandler, and in it what is named above, shows "
    "where it crashes",
}
_OTHERWISE = "docker run --rm -it IMAGE python, and in it what is named above, shows more"
_GPU_OTHERWISE = "docker run --rm --gpus all IMAGE python, and in it what is named above, shows TensorFlow's whole log"


def for_an_image(one: Finding) -> Finding:
    """Return a finding with a mend that fits an image, where its own is for a workspace."""
    if "%pip" in one.mend:
        return replace(one, mend=one.mend.replace("in a notebook: %pip", "in the image: pip"))
    if OURS not in one.mend:
        return one
    if "CUDA_VISIBLE_DEVICES" in one.cause:
        return replace(one, mend=MENDS["gpu/hidden"])
    otherwise = _GPU_OTHERWISE if one.check.startswith("gpu/") else _OTHERWISE
    return replace(one, mend=_INSTEAD.get(one.mend) or MENDS.get(one.check, otherwise))
