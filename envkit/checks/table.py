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

HOST = (
    Check(
        "host/engine", "A container engine answers that envkit serves", "error", "host",
        "The engine is looked for where Docker's own client would: `DOCKER_HOST`, the Docker context, usual sockets.",
        "none is installed or started, or you may not use it",
        "sudo apt-get install docker.io, then sudo systemctl start docker",
    ),
    Check(
        "host/disk", "There is room for images", "error", "host",
        "A workspace takes about 2 GB, one for GPUs 6 GB, and as much again while it is built.",
        "images and volumes fill the disk on which the engine keeps them",
        "envkit prune removes what envkit made and nobody uses; docker system df shows the rest",
    ),
    Check(
        "host/memory", "There is memory for a notebook", "error", "host",
        "JupyterLab and a kernel with TensorFlow take about 1 GB before any data is loaded.",
        "other programs use it",
        "close what is not needed; or use a machine with more memory",
    ),
    Check(
        "host/programs", "The SSH client and rsync are here", "warning", "host",
        "`envkit ssh`, VS Code and `rsync` use the host's own programs. Everything else works without them.",
        "they are not installed",
        "sudo apt-get install openssh-client rsync",
    ),
    Check(
        "host/registry", "TensorFlow's official image can be pulled", "warning", "host",
        "Asked by the engine, with its own proxy. `base: debian` needs no registry.",
        "no network, a proxy that the engine does not know, or a tag that is gone",
        "write base: debian in envkit.yaml, which needs no registry",
    ),
    Check(
        "host/mirror", "The Debian mirror answers", "warning", "host",
        "A first build installs Debian packages, through the caller's own proxy.",
        "no network, or a proxy or a mirror has to be named",
        "export https_proxy and http_proxy; or name a mirror of your own: build.mirror in envkit.yaml",
    ),
    Check(
        "host/index", "The package index answers", "warning", "host",
        "A first build installs Python packages, through the caller's own proxy and with the certificates this host "
        "trusts.",
        "no network, a proxy, or a certificate of the company's that this host does not trust",
        "export https_proxy, and SSL_CERT_FILE for a certificate; or name an index of your own: build.index in "
        "envkit.yaml",
    ),
    Check(
        "host/clock", "The clock is right", "warning", "host",
        "Certificates and signed package lists are refused by a clock that is minutes off.",
        "nothing sets this clock",
        "sudo timedatectl set-ntp true",
    ),
    Check(
        "host/port", "JupyterLab's port is free", "info", "host",
        "Where it is taken, `envkit up` picks another one, unless `jupyter.port` names it.",
    ),
    Check(
        "host/gpu", "The driver serves this TensorFlow release", "info", "host",
        "Told from the catalogue, before anything is pulled: the release's CUDA, the oldest driver for it, and how the "
        "engine passes a GPU.",
    ),
    Check(
        "host/state", "envkit's own folder is private", "error", "host",
        "Tokens and keys lie in it.",
        "somebody opened it to others",
        "chmod 700, on that folder",
    ),
)

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
        "gpu/libcuda-missing", "The driver's library is not in the container", "error", "container",
        "The device nodes open, and the loader finds no `libcuda.so.1`. It belongs to the host's driver, and the "
        "container toolkit brings it into each container.",
        "the container was given device nodes alone, or its toolkit does not know where the host keeps the library",
        "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker, on the host, then: "
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/libcuda-stub", "A stub of the driver's library stands before the real one", "error", "image",
        "CUDA's development files hold a `libcuda.so` to link with, which answers every call with an error (34). In "
        "this image the loader finds that one first.",
        "an entry of /etc/ld.so.conf.d or of LD_LIBRARY_PATH names the folder of the stubs",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
    ),
    Check(
        "gpu/driver-mismatch", "The driver's library and its kernel module are of different versions", "error", "host",
        "NVML answers 18 or `cuInit` 803: the library in the container is the host's newest, the module in the kernel "
        "an older one, or the description of devices (CDI) names files of an older driver.",
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot; where GPUs are passed by CDI, also: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    ),
    Check(
        "gpu/driver-in-image", "The image brings a driver library of its own", "error", "image",
        "The driver's library has to be the host's. A package of the image installed another one, which the loader "
        "takes.",
        "a package of the image depends on a driver",
    ),
    Check(
        "gpu/fabric-manager", "The GPUs' interconnect is not ready", "error", "host",
        "`cuInit` answers 802 on machines whose GPUs are joined by NVSwitch as long as the Fabric Manager does not "
        "run, while `nvidia-smi` looks healthy.",
        "nvidia-fabricmanager is not running, or of another version than the driver",
        "sudo systemctl enable --now nvidia-fabricmanager, on the host; its version must be the driver's",
    ),
    Check(
        "gpu/uvm", "The driver's memory module fails", "error", "host",
        "`cuInit` answers 999, the unknown error, although the nodes open. Most often the kernel module `nvidia_uvm` "
        "is broken, for instance after the machine slept.",
        "the kernel module nvidia_uvm does not answer",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/compat-library", "The image's compatibility library does not fit this GPU", "error", "image",
        "`cuInit` answers 804: a newer `libcuda` of the image (`cuda-compat`) was taken over an older driver, which "
        "works on data centre GPUs alone.",
        "the image brings cuda-compat and the host's driver is older than it",
        "update the host's driver; or take cuda-compat out of the image",
    ),
    Check(
        "gpu/hidden", "A variable hides every GPU", "error", "container",
        "NVML lists GPUs and the driver counts none: `CUDA_VISIBLE_DEVICES` names none that is there.",
        "CUDA_VISIBLE_DEVICES hides all GPUs",
        "take CUDA_VISIBLE_DEVICES out of env in envkit.yaml, then: envkit up",
    ),
    Check(
        "gpu/mig-empty", "The GPU is split, and no part of it was made", "error", "host",
        "In MIG mode programs compute on instances of a GPU. There are none.",
        "MIG was switched on and no instance was created",
        "sudo nvidia-smi mig -cgi 0 -C makes one; sudo nvidia-smi -mig 0 switches it off",
    ),
    Check(
        "gpu/none-left", "The driver finds no GPU", "error", "host",
        "The nodes open, `cuInit` answers 100 or counts none, and NVML lists none.",
        "the GPU fell off the bus, or another machine has it now",
        "sudo dmesg | grep -iE 'nvrm|xid', on the host, says more; then: sudo reboot",
    ),
    Check(
        "gpu/driver-unknown", "The driver cannot be initialised, for a reason not known here", "error", "container",
        "`cuInit` answers a code that has no explanation here; it is shown as it is.",
        "unknown",
        "nvidia-smi on the host, and sudo dmesg | grep -i nvrm, say more",
    ),
    Check(
        "gpu/driver-crashed", "A look at the driver did not come back", "error", "container",
        "The driver's and CUDA's libraries are loaded and asked in a process of their own. It crashed, or took longer "
        "than twenty seconds.",
        "the driver's library and its kernel module do not work together, or the GPU hangs",
        "nvidia-smi on the host tells whether it works there, sudo dmesg | grep -iE 'nvrm|xid' why; then: sudo reboot",
    ),
    Check(
        "gpu/libraries-missing", "CUDA libraries cannot be loaded", "error", "image",
        "TensorFlow opens CUDA's libraries by name. Each is loaded with all it needs, and what the loader says of "
        "those that fail is shown.",
        "CUDA or cuDNN libraries are missing in the image, or are not where the loader looks",
        "install the libraries that are named, then run ldconfig; envkit's own images have them all",
    ),
    Check(
        "gpu/cudnn-wrong", "cuDNN is of a version that TensorFlow was not built for", "error", "image",
        "A TensorFlow release computes with the cuDNN it was built with, or a newer one of the same major version.",
        "another cuDNN stands first where the loader looks",
        "install the cuDNN that docs/catalog.md names for this release, and take the other one away",
    ),
    Check(
        "gpu/too-old", "The GPU is older than this TensorFlow supports", "error", "host",
        "Each release holds code for compute capabilities from a smallest one on.",
        "this GPU is older than this TensorFlow release supports",
        "use a newer GPU or an older TensorFlow; or envkit up --no-gpu to work on the CPU",
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
        "gpu/compiles-at-first-use", "This GPU is newer than the TensorFlow release", "warning", "tensorflow",
        "Without machine code for a GPU's generation the driver compiles each kernel from PTX when it is first used. "
        "What was compiled is kept in the home volume, so it happens once; it can take half an hour.",
        "the release was made before this GPU",
        "choose a TensorFlow release that knows this GPU, in envkit.yaml; or let a first run take its time",
    ),
    Check(
        "gpu/ptxas-missing", "XLA has no assembler for GPUs", "warning", "image",
        "`ptxas` turns what XLA generates into machine code. Without it the driver does so, more slowly.",
        "the image holds CUDA's libraries without its tools",
        "install the package that holds ptxas (cuda-nvcc of CUDA, or nvidia-cuda-nvcc of Python)",
    ),
    Check(
        "gpu/libdevice-missing", "XLA has no device library", "warning", "image",
        "`tf.function(jit_compile=True)` needs `nvvm/libdevice/libdevice.10.bc`, and fails without it.",
        "XLA looks in its own data folder, in CUDA_DIR and in /usr/local/cuda, and finds none",
        "install cuda-nvcc (or nvidia-cuda-nvcc of Python) and set XLA_FLAGS=--xla_gpu_cuda_data_dir=FOLDER, the one "
        "that holds nvvm/libdevice",
    ),
    Check(
        "gpu/usable", "TensorFlow computes on every GPU it lists, and rightly", "info", "tensorflow",
        "A matrix product and a convolution were computed on each GPU and compared with the right result.",
    ),
)

IMAGE = (
    Check(
        "image/label", "The tag says what is inside", "error", "image",
        "Tags of `tensorflow/tensorflow` and of envkit begin with a TensorFlow release and name the build. Both are "
        "compared with what is imported.",
        "the tag was given to another image, or a package was replaced while building",
        "build the image anew; until then name it by its id",
    ),
    Check(
        "image/packages", "The installed packages fit together", "error", "image",
        "`pip check` compares what each package asks for with what is installed.",
        "something was installed later without regard to what TensorFlow asks for",
        "install under constraints: pip install --constraint FILE, with what TensorFlow needs in it",
    ),
    Check(
        "image/jupyter", "Jupyter is there and starts", "error", "image",
        "An image whose tag promises a Jupyter has to have one on PATH that can say its version.",
        "it is not installed, or lies where PATH does not lead",
        "pip install jupyterlab, in the image",
    ),
    Check(
        "image/python", "The image has a Python", "error", "image",
        "The smoke test is a Python program; `python` and `python3` are tried.",
        "neither is on PATH",
        "install a Python in the image, and TensorFlow for it",
    ),
)

KERAS = (
    Check(
        "keras/data", "Pictures become a dataset", "error", "tensorflow",
        "`image_dataset_from_directory` reads a folder of small pictures that the test makes.",
        "reading or decoding pictures fails in this TensorFlow",
        "the message names the operation; reinstall TensorFlow and numpy together",
    ),
    Check(
        "keras/training", "A network trains with mixed precision", "error", "tensorflow",
        "A small convolutional network is trained under `mixed_float16`, its output in float32, until the loss has "
        "fallen to half.",
        "an operation gives wrong results, or a part of Keras is of another release",
        "envkit probe tells whether single operations are right",
    ),
    Check(
        "keras/events", "TensorBoard can read what training wrote", "error", "tensorflow",
        "The event files of the training are read back with TensorBoard's own reader.",
        "TensorBoard is missing, or of another release than TensorFlow",
        "pip install the tensorboard of the same release",
    ),
    Check(
        "keras/saved-model", "A SavedModel predicts as the model did", "error", "tensorflow",
        "The trained model is saved as a SavedModel, loaded, and both predictions are compared.",
        "Keras and TensorFlow are of different releases",
        "install the keras that this TensorFlow asks for",
    ),
    Check(
        "keras/hdf5", "A model in HDF5 predicts as the model did", "error", "tensorflow",
        "The same with one HDF5 file, which needs h5py.",
        "h5py is missing or does not fit numpy",
        "install the h5py that this TensorFlow asks for",
    ),
    Check(
        "keras/tflite", "An exported model predicts as the model did", "error", "tensorflow",
        "A model of mixed precision does not convert as it is: its weights are put into a float32 model, which is "
        "converted and compared picture by picture.",
        "the converter is broken, or of another release",
        "docs/smoke.md shows the recipe; reinstall TensorFlow where even that fails",
    ),
)

AUDIT = (
    Check(
        "audit/ports", "Ports are published on loopback alone", "error", "engine",
        "A port that is published on every address lets in the whole network, past the host's firewall. envkit "
        "publishes JupyterLab's port, and SSH's where `ssh.publish` says so, on 127.0.0.1.",
        "docker compose or docker run published more",
        "envkit down && envkit up",
    ),
    Check(
        "audit/privileges", "No privilege is given, and none can be gained", "error", "engine",
        "Privileged containers, capabilities, and programs that gain rights by SUID bits are ways to the host. "
        "Here all capabilities are dropped and `no-new-privileges` is set.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/kernel", "The root file system is read-only, the kernel's files are hidden", "error", "engine",
        "What cannot be written cannot be planted. The engine hides parts of /proc and /sys unless it is told not "
        "to.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/namespaces", "Nothing is shared with the host", "error", "engine",
        "Processes, IPC, network, users and control groups of the host stay out of sight.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/network", "It has a network of its own", "error", "engine",
        "On the engine's default network every other container reaches every port.",
        "the container was started on a shared network",
        "envkit down && envkit up",
    ),
    Check(
        "audit/mounts", "Nothing of the host is mounted that opens it", "error", "engine",
        "An engine's socket, system folders and SSH keys give the host away to whoever runs code inside.",
        "`mounts:` in envkit.yaml, or other settings of the container",
        "take the mount out of envkit.yaml, then: envkit up",
    ),
    Check(
        "audit/temporary", "Folders in memory are limited and give no rights", "error", "engine",
        "They have a size, and neither devices nor SUID bits work there.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/limits", "Memory, processors, processes and logs are limited", "error", "engine",
        "One workspace must not take the whole host.",
        "limits were taken away",
        "envkit down && envkit up",
    ),
    Check(
        "audit/identity", "It runs as an ordinary user", "error", "engine",
        "A number that is not root's.",
        "the container was started as root",
        "envkit down && envkit up",
    ),
    Check(
        "audit/environment", "No variable holds a secret", "error", "engine",
        "`docker inspect` shows variables to everybody who may use the engine.",
        "a secret was given as a variable",
        "use secrets: in envkit.yaml, and read the file that NAME_FILE names",
    ),
    Check(
        "audit/http-anonymous", "Nothing is read without a token", "error", "container",
        "Pages and APIs of JupyterLab and its extensions are asked for without a token.",
        "authentication is off, or an extension leaves a way in",
        "envkit down && envkit up; see which extension was installed",
    ),
    Check(
        "audit/tensorboard-anonymous", "TensorBoard answers behind the login alone", "error", "container",
        "TensorBoard knows no login of its own.",
        "TensorBoard was published beside JupyterLab",
        "take its port out of what publishes it; /tensorboard/ serves it",
    ),
    Check(
        "audit/http-writes", "Nothing is written without a token", "error", "container",
        "Kernels, terminals and files are asked for without a token.",
        "authentication is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-wrong-token", "A wrong token is refused", "error", "container",
        "Made-up tokens, in each place where a token may stand.",
        "authentication is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-guesses", "The token cannot be guessed", "error", "container",
        "JupyterLab does not slow down guessing, so the token has 256 bits. A hundred made-up ones are tried.",
        "the token was chosen by a person",
        "envkit down --volumes && envkit up makes a new one",
    ),
    Check(
        "audit/http-host", "Other host names are refused", "error", "container",
        "A web page can make its own name point to 127.0.0.1 (DNS rebinding). With such a name nothing is "
        "answered, even with the right token.",
        "the check of the host name is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-forgery", "Other pages cannot make the browser write", "error", "container",
        "A form of another page carries the browser's cookies. Without the page's own token nothing is done.",
        "the check against forged requests is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/http-origin", "Other pages get nothing from the browser", "error", "container",
        "Requests that name another origin are refused, and no answer allows one.",
        "other origins are allowed",
        "take allow_origin out of the server's settings",
    ),
    Check(
        "audit/http-cookie", "The login cookie goes to no script and no other site", "error", "container",
        "`HttpOnly` and `SameSite=Strict`; the proxy to TensorBoard depends on the second.",
        "the server's cookie options were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/websockets", "Sockets open for the token alone", "error", "container",
        "Kernels and terminals speak over WebSockets, which other pages may open.",
        "authentication of WebSockets is off",
        "envkit down && envkit up",
    ),
    Check(
        "audit/traversal", "No path leads out of the workspace", "error", "container",
        "Paths with `..` in several spellings, with the right token.",
        "the server is of a version with a known fault",
        "envkit build && envkit up",
    ),
    Check(
        "audit/frames", "No page can put JupyterLab into a frame", "error", "container",
        "Clicks in a hidden frame would be the owner's.",
        "the server's headers were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-password", "SSH offers keys alone", "error", "container",
        "Neither a password nor anything else is asked for.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-users", "SSH lets in the workspace's user alone", "error", "container",
        "Root and unknown users are refused, even with the right key.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-keys", "SSH refuses unknown keys", "error", "container",
        "A key that was just made is tried.",
        "keys stand in authorized_keys that envkit did not put there",
        "look at ssh.keys in envkit.yaml",
    ),
    Check(
        "audit/ssh-forwarding", "SSH forwards to the workspace's own loopback alone", "error", "container",
        "Other machines, ports of the host, and displays are not reached.",
        "the SSH server's settings were changed",
        "envkit down && envkit up",
    ),
    Check(
        "audit/ssh-agent", "SSH forwards no agent", "warning", "container",
        "Whoever runs code inside could use the keys of a forwarded agent.",
        "ssh.agent: true in envkit.yaml",
        "take ssh.agent out of envkit.yaml, then: envkit up",
    ),
    Check(
        "audit/ssh-algorithms", "SSH speaks strong algorithms alone", "error", "container",
        "Key exchange, ciphers, checksums and host keys as the server itself tells them, against those that ssh-audit "
        "finds no fault with.",
        "the SSH server's settings were changed",
        "envkit build && envkit up",
    ),
    Check(
        "audit/capabilities", "Programs inside have no power of root", "error", "container",
        "As the kernel tells it of a process: no capability, none to be gained, system calls filtered.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/escapes", "No way out of the container was found", "error", "container",
        "What a hostile package would try: the kernel's settings, disks, other namespaces, the engine's socket, "
        "root.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/tampering", "What guards the workspace cannot be changed from inside", "error", "container",
        "System folders, the server's settings, keys, the token.",
        "the container was started with weaker settings",
        "envkit down && envkit up",
    ),
    Check(
        "audit/rights", "No file gives rights away", "error", "image",
        "Neither SUID bits nor files that everybody may write.",
        "a package brought them",
        "build the image with envkit, which takes the bits away",
    ),
    Check(
        "audit/secrets", "No process and no open file shows a secret", "error", "container",
        "Variables and arguments of every process, and the modes of secret files.",
        "a secret was given as a variable or an argument",
        "use secrets: in envkit.yaml",
    ),
    Check(
        "audit/traces", "The token stands in no log, history or setting", "error", "engine",
        "The container's log, `docker inspect`, the image's history and the process list are searched for it.",
        "a program printed it, or it was handed over as a setting",
        "envkit down --volumes && envkit up makes a new one; then find out what printed it",
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

TABLE: Mapping[str, Check] = {row.id: row for row in (*HOST, *TENSORFLOW, *GPU, *IMAGE, *KERAS, *AUDIT, *SERVICES)}
