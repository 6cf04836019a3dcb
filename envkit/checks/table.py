"""The one table of checks: ids, titles, severities, layers, and what the documentation says of each.

An id is stable: it stands in reports and in other people's scripts. `docs/checks.md` is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from envkit.model.report import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["error", "warning", "info"]
Layer = Literal["host", "engine", "image", "container", "tensorflow"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be found.

    Attributes:
        id: Stable name, `topic/what-is-found`.
        title: What it means, in one line.
        severity: `error`: something promised does not work; `info`: all is well.
        layer: Where it sits.
        about: What one should know of it, for the documentation.
        cause: The usual cause, where a finding knows none better.
        mend: The usual mend, where a finding knows none better.
    """

    id: str
    title: str
    severity: Severity
    layer: Layer
    about: str
    cause: str = ""
    mend: str = ""


def finding(
    check: str, seen: str, *, status: Verdict | None = None, cause: str | None = None, mend: str | None = None,
    seconds: float = 0.0, data: Mapping[str, Any] | None = None,
) -> Finding:
    """Return a finding with what the table says of it, unless something better is known.

    Raises:
        KeyError: The table has no such check.
    """
    row = TABLE[check]
    return Finding(
        check=row.id,
        status=status or STATUS[row.severity],
        seen=seen,
        cause=row.cause if cause is None else cause,
        mend=row.mend if mend is None else mend,
        where=row.layer,
        seconds=seconds,
        data=data or {},
    )


STATUS: Mapping[Severity, Verdict] = {
    "error": Verdict.FAILED, "warning": Verdict.WARNED, "info": Verdict.PASSED,
}

TENSORFLOW = (
    Check(
        "tensorflow/missing", "The workspace's Python has no TensorFlow", "error", "image",
        "No package of that name is installed for the Python that `python` starts in the container. A folder "
        "left behind by an uninstallation counts as none.",
        "TensorFlow was uninstalled, or another Python comes first on PATH",
        "envkit down && envkit up",
    ),
    Check(
        "tensorflow/wrong-version", "TensorFlow is there in another version than configured", "error", "image",
        "The version that Python imports differs from `tensorflow:` in `envkit.yaml`. Releases differ in the "
        "CUDA, cuDNN, Keras and protobuf they need, so a model may train differently or not load at all.",
        "something installed later brought another TensorFlow with it",
    ),
    Check(
        "tensorflow/import-failed", "TensorFlow is there and cannot be imported", "error", "image",
        "`import tensorflow` raised an exception. Most often a package beside it is too new for this release: "
        "protobuf 4 and later stop releases before 2.12, numpy 2 stops releases before 2.18.",
    ),
    Check(
        "tensorflow/op-failed", "TensorFlow does not compute on the CPU", "error", "tensorflow",
        "A matrix product and a convolution of small whole numbers are computed and compared with the right "
        "result. One of them raised an exception, gave a wrong result, or ran on another device.",
        mend="envkit exec -- python -c 'import tensorflow as tf; print(tf.constant(1.0) + 1)'",
    ),
    Check(
        "tensorflow/silent", "The look at TensorFlow did not come to its end", "error", "tensorflow",
        "The script that looks at TensorFlow was killed, crashed, or took longer than its limit of two "
        "minutes. What it did at that moment is named.",
    ),
    Check(
        "tensorflow/computes", "TensorFlow computes on the CPU, and rightly", "info", "tensorflow",
        "A matrix product and a convolution were computed and compared with the right result.",
    ),
)

GPU = (
    Check(
        "gpu/device-missing", "This machine has no NVIDIA GPU", "error", "host",
        "No NVIDIA display device is on the PCI bus of the machine that runs the engine.",
        "the machine has none, or it was not passed through to this virtual machine",
        "use a machine with an NVIDIA GPU; or envkit up --no-gpu to work on the CPU",
    ),
    Check(
        "gpu/driver-missing", "No NVIDIA driver is loaded on this host", "error", "host",
        "A container uses the kernel driver of its host. `/proc/driver/nvidia/version` is there while one is "
        "loaded.",
        "the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
        "lspci | grep -i nvidia shows whether there is a GPU. If so: sudo apt-get install nvidia-driver && "
        "sudo modprobe nvidia (Debian, component non-free) or sudo ubuntu-drivers install (Ubuntu); "
        "if not: envkit up --no-gpu",
    ),
    Check(
        "gpu/driver-too-old", "The NVIDIA driver is too old for this TensorFlow", "error", "host",
        "Each CUDA release needs a driver of its own age or newer. The oldest one that serves a TensorFlow "
        "release is in the catalogue.",
        "the driver was installed before that CUDA release",
        "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers "
        "install && sudo reboot (Ubuntu)",
    ),
    Check(
        "gpu/engine-cannot", "The container engine has no way to pass a GPU", "error", "engine",
        "An engine passes GPUs by NVIDIA's container toolkit: its hook, its runtime, or device descriptions "
        "(CDI) that it wrote. None of them was found.",
        "NVIDIA's container toolkit is not installed, or the engine does not know of it",
        "install nvidia-container-toolkit from NVIDIA's package repository, then: sudo nvidia-ctk runtime "
        "configure --runtime=docker && sudo systemctl restart docker",
    ),
    Check(
        "gpu/cpu-build", "The image holds TensorFlow's CPU build", "error", "image",
        "This build of TensorFlow contains no GPU code and never lists a GPU, whatever the host offers.",
        "the image was built without a GPU in mind",
        "envkit up --no-gpu to work on the CPU; or a workspace built with TensorFlow's GPU build",
    ),
    Check(
        "gpu/nodes-missing", "The container has no NVIDIA device nodes", "error", "container",
        "Opening `/dev/nvidiactl`, `/dev/nvidia-uvm` or `/dev/nvidia0` says that there is no such file "
        "(ENOENT).",
        "the container was started without a GPU",
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/module-not-loaded", "The device nodes are there, the kernel module is not", "error", "container",
        "Opening a node says that nothing stands behind it (ENXIO). Nodes survive the module they belong to.",
        "the NVIDIA kernel module is not loaded on the host, often after an update of kernel or driver",
        "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/nodes-denied", "The engine's device rules deny the GPU", "error", "container",
        "Opening a node is not permitted (EPERM), although its mode would allow it: the container's control "
        "group forbids the device. A GPU that worked and then vanished is usually this.",
        "systemctl daemon-reload on the host reset the device rules of running containers",
        "envkit down && envkit up --gpu; to last, pass GPUs by CDI, or set \"exec-opts\": "
        "[\"native.cgroupdriver=cgroupfs\"] in /etc/docker/daemon.json",
    ),
    Check(
        "gpu/nodes-forbidden", "The container's user may not open the device nodes", "error", "container",
        "Opening a node fails for its mode or owner (EACCES). To last beyond the next boot, the module wants "
        "the option `NVreg_DeviceFileMode=0666`.",
        "the host gives its NVIDIA device nodes to root or to one group alone",
        "sudo chmod a+rw /dev/nvidia*, on the host",
    ),
    Check(
        "gpu/nodes-unknown", "The device nodes cannot be opened, for a reason not known here", "error", "container",
        "Opening a node fails with an error that has no explanation here; it is shown as it is.",
        "unknown",
        "nvidia-smi on the host, and sudo dmesg | grep -i nvrm, say more",
    ),
    Check(
        "gpu/not-listed", "TensorFlow lists no GPU", "error", "tensorflow",
        "The device nodes open, and TensorFlow still finds no GPU it can use. Its own log says why; the known "
        "reasons are told in plain words.",
        "unknown",
        "envkit exec -- python -c 'import tensorflow as tf; tf.config.list_physical_devices(\"GPU\")' shows "
        "TensorFlow's whole log",
    ),
    Check(
        "gpu/op-failed", "TensorFlow lists a GPU and cannot compute on it", "error", "tensorflow",
        "A listed GPU is not yet one that works. A matrix product or a convolution on it raised an exception, "
        "gave a wrong result, ran elsewhere, or did not come back.",
        "unknown",
        "nvidia-smi on the host shows the GPU's state and who uses its memory",
    ),
    Check(
        "gpu/not-looked", "The GPU could not be looked at", "error", "tensorflow",
        "The look at TensorFlow ended before it came to GPUs. The other findings say why.",
        "see the other findings",
        "",
    ),
    Check(
        "gpu/usable", "TensorFlow computes on every GPU it lists, and rightly", "info", "tensorflow",
        "A matrix product and a convolution were computed on each GPU and compared with the right result.",
    ),
)

SERVICES = (
    Check(
        "ssh/login", "SSH lets the workspace's owner in", "error", "container",
        "envkit logs in with its own key, through the engine, as the host entry it writes does.",
        mend="envkit logs",
    ),
    Check(
        "tensorboard/route", "TensorBoard answers behind Jupyter's login", "error", "container",
        "The address of TensorBoard is asked with the token of the workspace.",
        mend="envkit logs",
    ),
)

TABLE: Mapping[str, Check] = {row.id: row for row in (*TENSORFLOW, *GPU, *SERVICES)}
