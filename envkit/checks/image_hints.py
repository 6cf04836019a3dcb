"""What mends an image that somebody made: it has no envkit.yaml, and no `envkit up` brings it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import crash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.report import Finding

ENVKIT_COMMAND = "envkit"  # a mend that names it is for a workspace
_CPU_OPTION = "or --expect cpu, where none is needed"
_DEVICE_CHECK = "docker run --rm --gpus all IMAGE ls -l /dev shows whether the engine hands a GPU in"
# By check.
HINTS: Mapping[str, str] = {
    "gpu/device-missing": f"use a machine with an NVIDIA GPU; {_CPU_OPTION}",
    "gpu/driver-missing": "lspci | grep -i nvidia shows whether there is a GPU. If so: sudo apt-get install "
    "nvidia-driver && sudo modprobe nvidia (Debian, component non-free) or sudo ubuntu-drivers install (Ubuntu); if "
    "not: --expect cpu",
    "gpu/wsl": f"use a machine that runs Linux itself; {_CPU_OPTION}",
    "gpu/cpu-build": f"put TensorFlow's GPU build into the image; {_CPU_OPTION}",
    "gpu/nodes-missing": f"sudo nvidia-modprobe -u -c=0, on the host; then {_DEVICE_CHECK}",
    "gpu/nodes-denied": f"{_DEVICE_CHECK}; to last, pass GPUs by CDI",
    "gpu/libcuda-missing": "set NVIDIA_DRIVER_CAPABILITIES to compute,utility in the image; or sudo nvidia-ctk runtime "
    "configure --runtime=docker && sudo systemctl restart docker, on the host",
    "gpu/driver-in-image": "take the driver's library out of the image: the host's is handed in with the GPU",
    "gpu/hidden": "take ENV CUDA_VISIBLE_DEVICES out of the image",
    "gpu/too-old": f"use a newer GPU, or an image with an older TensorFlow; {_CPU_OPTION}",
    "gpu/op-failed": "docker run --rm --gpus all IMAGE nvidia-smi shows whether the driver works in it",
    "tensorflow/missing": "pip install tensorflow, in the image, for the Python that is named",
    "tensorflow/import-failed": "docker run --rm IMAGE python -c 'import tensorflow' shows all of it",
    "tensorflow/op-failed": "docker run --rm IMAGE python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
}
# By what is said of a workspace, where the check alone does not tell.
_REPLACEMENTS: Mapping[str, str] = {
    crash.OUT_OF_MEMORY[1]: "the test gives an image 8 GB: what is in it needs more than that",
    crash.TIMEOUT[1]: "once the machine is idle, or with a longer --timeout",
    crash.CRASH_HINT: "docker run --rm -it IMAGE python -q -X faulthandler, and in it what is named above, shows "
    "where it crashes",
}
_DEFAULT_HINT = "docker run --rm -it IMAGE python, and in it what is named above, shows more"
_GPU_HINT = "docker run --rm --gpus all IMAGE python, and in it what is named above, shows TensorFlow's whole log"


def adapt_to_image(finding: Finding) -> Finding:
    """Return a finding with a mend that fits an image, where its own is for a workspace."""
    if "%pip" in finding.hint:
        return replace(finding, hint=finding.hint.replace("in a notebook: %pip", "in the image: pip"))
    if ENVKIT_COMMAND not in finding.hint:
        return finding
    if "CUDA_VISIBLE_DEVICES" in finding.cause:
        return replace(finding, hint=HINTS["gpu/hidden"])
    default = _GPU_HINT if finding.check.startswith("gpu/") else _DEFAULT_HINT
    return replace(finding, hint=_REPLACEMENTS.get(finding.hint) or HINTS.get(finding.check, default))
