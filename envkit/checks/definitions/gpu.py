"""Rows of the table: every layer that a GPU needs, from the host to an operation."""

from __future__ import annotations

from envkit.checks.check import Check

GPU = (
    Check(
        "gpu/device-missing",
        "This machine has no NVIDIA GPU",
        "error",
        "host",
        "No NVIDIA display device is on the PCI bus of the machine that runs the engine.",
        "the machine has none, or it was not passed through to this virtual machine",
        "use a machine with an NVIDIA GPU; or envkit up --no-gpu to work on the CPU",
    ),
    Check(
        "gpu/wsl",
        "This is WSL, whose GPU is not served",
        "error",
        "host",
        "WSL 2 has no NVIDIA kernel driver of Linux and no GPU on its bus: the driver is Windows', reached by "
        "`/dev/dxg`. This version of envkit neither passes that nor looks at it.",
        "envkit runs in Windows' Linux",
        "envkit up --no-gpu to work on the CPU; or use a machine that runs Linux itself",
    ),
    Check(
        "gpu/driver-missing",
        "No NVIDIA driver is loaded on this host",
        "error",
        "host",
        "A container uses the kernel driver of its host. `/proc/driver/nvidia/version` is there while one is loaded.",
        "the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
        "lspci | grep -i nvidia shows whether there is a GPU. If so: sudo apt-get install nvidia-driver && "
        "sudo modprobe nvidia (Debian, component non-free) or sudo ubuntu-drivers install (Ubuntu); "
        "if not: envkit up --no-gpu",
    ),
    Check(
        "gpu/driver-too-old",
        "The NVIDIA driver is too old for this TensorFlow",
        "error",
        "host",
        "Each CUDA release needs a driver of its own age or newer. The oldest one that serves a TensorFlow "
        "release is in the catalogue.",
        "the driver was installed before that CUDA release",
        "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers "
        "install && sudo reboot (Ubuntu)",
    ),
    Check(
        "gpu/engine-cannot",
        "The container engine has no way to pass a GPU",
        "error",
        "engine",
        "An engine passes GPUs by NVIDIA's container toolkit: its hook, its runtime, or device descriptions "
        "(CDI) that it wrote. None of them was found.",
        "NVIDIA's container toolkit is not installed, or the engine does not know of it",
        "install nvidia-container-toolkit from NVIDIA's package repository, then: sudo nvidia-ctk runtime "
        "configure --runtime=docker && sudo systemctl restart docker",
    ),
    Check(
        "gpu/cpu-build",
        "The image holds TensorFlow's CPU build",
        "error",
        "image",
        "This build of TensorFlow contains no GPU code and never lists a GPU, whatever the host offers.",
        "the image was built without a GPU in mind",
        "envkit up --no-gpu to work on the CPU; or a workspace built with TensorFlow's GPU build",
    ),
    Check(
        "gpu/nodes-missing",
        "The container has no NVIDIA device nodes",
        "error",
        "container",
        "Opening `/dev/nvidiactl`, `/dev/nvidia-uvm` or `/dev/nvidia0` says that there is no such file (ENOENT).",
        "the container was started without a GPU",
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/module-not-loaded",
        "The device nodes are there, the kernel module is not",
        "error",
        "container",
        "Opening a node says that nothing stands behind it (ENXIO). Nodes survive the module they belong to.",
        "the NVIDIA kernel module is not loaded on the host, often after an update of kernel or driver",
        "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/nodes-denied",
        "The engine's device rules deny the GPU",
        "error",
        "container",
        "Opening a node is not permitted (EPERM), although its mode would allow it: the container's control "
        "group forbids the device. A GPU that worked and then vanished is usually this.",
        "systemctl daemon-reload on the host reset the device rules of running containers",
        'envkit down && envkit up --gpu; to last, pass GPUs by CDI, or set "exec-opts": '
        '["native.cgroupdriver=cgroupfs"] in /etc/docker/daemon.json',
    ),
    Check(
        "gpu/nodes-forbidden",
        "The container's user may not open the device nodes",
        "error",
        "container",
        "Opening a node fails for its mode or owner (EACCES). To last beyond the next boot, the module wants "
        "the option `NVreg_DeviceFileMode=0666`.",
        "the host gives its NVIDIA device nodes to root or to one group alone",
        "sudo chmod a+rw /dev/nvidia*, on the host",
    ),
    Check(
        "gpu/nodes-unknown",
        "The device nodes cannot be opened, for a reason not known here",
        "error",
        "container",
        "Opening a node fails with an error that has no explanation here; it is shown as it is.",
        "unknown",
        "nvidia-smi on the host, and sudo dmesg | grep -i nvrm, say more",
    ),
    Check(
        "gpu/libcuda-missing",
        "The driver's library is not in the container",
        "error",
        "container",
        "The device nodes open, and the loader finds no `libcuda.so.1`. It belongs to the host's driver, and the "
        "container toolkit brings it into each container.",
        "the container was given device nodes alone, or its toolkit does not know where the host keeps the library",
        "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker, on the host, then: "
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/libcuda-stub",
        "A stub of the driver's library stands before the real one",
        "error",
        "image",
        "CUDA's development files hold a `libcuda.so` to link with, which answers every call with an error (34). In "
        "this image the loader finds that one first.",
        "an entry of /etc/ld.so.conf.d or of LD_LIBRARY_PATH names the folder of the stubs",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
    ),
    Check(
        "gpu/driver-mismatch",
        "The driver's library and its kernel module are of different versions",
        "error",
        "host",
        "NVML answers 18 or `cuInit` 803: the library in the container is the host's newest, the module in the kernel "
        "an older one, or the description of devices (CDI) names files of an older driver.",
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot; where GPUs are passed by CDI, also: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    ),
    Check(
        "gpu/driver-in-image",
        "The image brings a driver library of its own",
        "error",
        "image",
        "The driver's library has to be the host's. A package of the image installed another one, which the loader "
        "takes.",
        "a package of the image depends on a driver",
    ),
    Check(
        "gpu/fabric-manager",
        "The GPUs' interconnect is not ready",
        "error",
        "host",
        "`cuInit` answers 802 on machines whose GPUs are joined by NVSwitch as long as the Fabric Manager does not "
        "run, while `nvidia-smi` looks healthy.",
        "nvidia-fabricmanager is not running, or of another version than the driver",
        "sudo systemctl enable --now nvidia-fabricmanager, on the host; its version must be the driver's",
    ),
    Check(
        "gpu/uvm",
        "The driver's memory module fails",
        "error",
        "host",
        "`cuInit` answers 999, the unknown error, although the nodes open. Most often the kernel module `nvidia_uvm` "
        "is broken, for instance after the machine slept.",
        "the kernel module nvidia_uvm does not answer",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/compat-library",
        "The image's compatibility library does not fit this GPU",
        "error",
        "image",
        "`cuInit` answers 804: a newer `libcuda` of the image (`cuda-compat`) was taken over an older driver, which "
        "works on data centre GPUs alone.",
        "the image brings cuda-compat and the host's driver is older than it",
        "update the host's driver; or take cuda-compat out of the image",
    ),
    Check(
        "gpu/hidden",
        "A variable hides every GPU",
        "error",
        "container",
        "NVML lists GPUs and the driver counts none: `CUDA_VISIBLE_DEVICES` names none that is there.",
        "CUDA_VISIBLE_DEVICES hides all GPUs",
        "take CUDA_VISIBLE_DEVICES out of env in envkit.yaml, then: envkit up",
    ),
    Check(
        "gpu/mig-empty",
        "The GPU is split, and no part of it was made",
        "error",
        "host",
        "In MIG mode programs compute on instances of a GPU. There are none.",
        "MIG was switched on and no instance was created",
        "sudo nvidia-smi mig -cgi 0 -C makes one; sudo nvidia-smi -mig 0 switches it off",
    ),
    Check(
        "gpu/none-left",
        "The driver finds no GPU",
        "error",
        "host",
        "The nodes open, `cuInit` answers 100 or counts none, and NVML lists none.",
        "the GPU fell off the bus, or another machine has it now",
        "sudo dmesg | grep -iE 'nvrm|xid', on the host, says more; then: sudo reboot",
    ),
    Check(
        "gpu/driver-unknown",
        "The driver cannot be initialised, for a reason not known here",
        "error",
        "container",
        "`cuInit` answers a code that has no explanation here; it is shown as it is.",
        "unknown",
        "nvidia-smi on the host, and sudo dmesg | grep -i nvrm, say more",
    ),
    Check(
        "gpu/driver-crashed",
        "A look at the driver did not come back",
        "error",
        "container",
        "The driver's and CUDA's libraries are loaded and asked in a process of their own. It crashed, or took longer "
        "than twenty seconds.",
        "the driver's library and its kernel module do not work together, or the GPU hangs",
        "nvidia-smi on the host tells whether it works there, sudo dmesg | grep -iE 'nvrm|xid' why; then: sudo reboot",
    ),
    Check(
        "gpu/libraries-missing",
        "CUDA libraries cannot be loaded",
        "error",
        "image",
        "TensorFlow opens CUDA's libraries by name. Each is loaded with all it needs, and what the loader says of "
        "those that fail is shown.",
        "CUDA or cuDNN libraries are missing in the image, or are not where the loader looks",
        "install the libraries that are named, then run ldconfig; envkit's own images have them all",
    ),
    Check(
        "gpu/cudnn-wrong",
        "cuDNN is of a version that TensorFlow was not built for",
        "error",
        "image",
        "A TensorFlow release computes with the cuDNN it was built with, or a newer one of the same major version.",
        "another cuDNN stands first where the loader looks",
        "install the cuDNN that docs/catalog.md names for this release, and take the other one away",
    ),
    Check(
        "gpu/too-old",
        "The GPU is older than this TensorFlow supports",
        "error",
        "host",
        "Each release holds code for compute capabilities from a smallest one on.",
        "this GPU is older than this TensorFlow release supports",
        "use a newer GPU or an older TensorFlow; or envkit up --no-gpu to work on the CPU",
    ),
    Check(
        "gpu/not-listed",
        "TensorFlow lists no GPU",
        "error",
        "tensorflow",
        "The device nodes open, and TensorFlow still finds no GPU it can use. Its own log says why; the known "
        "reasons are told in plain words.",
        "unknown",
        "envkit exec -- python -c 'import tensorflow as tf; tf.config.list_physical_devices(\"GPU\")' shows "
        "TensorFlow's whole log",
    ),
    Check(
        "gpu/op-failed",
        "TensorFlow lists a GPU and cannot compute on it",
        "error",
        "tensorflow",
        "A listed GPU is not yet one that works. A matrix product or a convolution on it raised an exception, "
        "gave a wrong result, ran elsewhere, or did not come back.",
        "unknown",
        "nvidia-smi on the host shows the GPU's state and who uses its memory",
    ),
    Check(
        "gpu/memory-taken",
        "The GPU's memory is taken",
        "error",
        "host",
        "An operation failed, and NVML counted less than 512 MiB of free memory before TensorFlow began, or TensorFlow "
        "says itself that it got none.",
        "another process computes on this GPU and holds its memory",
        "nvidia-smi on the host shows who uses it: stop that, or wait for it",
    ),
    Check(
        "gpu/library-fails",
        "cuDNN or cuBLAS cannot be set up on this GPU",
        "error",
        "tensorflow",
        "The library loads, is of the right version, and answers its first call with NOT_INITIALIZED or "
        "INTERNAL_ERROR, although memory is free. TensorFlow then says no more than that there is no DNN or BLAS.",
        "the driver and CUDA's libraries in the image do not work together, or the GPU is in a bad state",
        "nvidia-smi on the host tells whether the GPU works; then: envkit down && envkit up --gpu, or sudo reboot",
    ),
    Check(
        "gpu/cudnn-incomplete",
        "cuDNN does not find a library that it opens by itself",
        "error",
        "image",
        "From 8.5 on cuDNN opens `libnvrtc.so`, without a number, and ends the whole program where there is none. The "
        "packages of CUDA bring it under its numbered name alone, but for those for development.",
        "there is no link of that name where the loader looks",
        "in the image: ln -s libnvrtc.so.11.2 libnvrtc.so, in the folder of the first (ldconfig -p | grep nvrtc names "
        "it), then ldconfig; envkit's own images have it",
    ),
    Check(
        "gpu/ptx-too-new",
        "The driver is too old for code that a library brings as PTX",
        "error",
        "host",
        "A library of CUDA has no machine code for this GPU, and its PTX was made by a newer toolkit than the driver "
        "knows (222).",
        "the driver is older than the CUDA that the image's libraries come from",
        "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers install && "
        "sudo reboot (Ubuntu)",
    ),
    Check(
        "gpu/no-kernel",
        "This TensorFlow has no code for this GPU",
        "error",
        "tensorflow",
        "The driver refuses the code of a kernel: it is of another architecture (209), or damaged (200).",
        "TensorFlow, or a library beside it, was built for other GPUs",
        "choose a TensorFlow release that knows this GPU, in envkit.yaml (docs/catalog.md), then: envkit up",
    ),
    Check(
        "gpu/not-looked",
        "The GPU could not be looked at",
        "error",
        "tensorflow",
        "The look at TensorFlow ended before it came to GPUs. The other findings say why.",
        "see the other findings",
        "",
    ),
    Check(
        "gpu/nodes-open",
        "The GPU's device nodes still open",
        "info",
        "container",
        "Looked at again in a running container: a reload of the host's service manager can take a GPU away from it.",
    ),
    Check(
        "gpu/compiles-at-first-use",
        "This GPU is newer than the TensorFlow release",
        "warning",
        "tensorflow",
        "Without machine code for a GPU's generation the driver compiles each kernel from PTX when it is first used, "
        "which can take half an hour. How long the first operation took is told, and whether what was compiled lies on "
        "a volume: `CUDA_CACHE_PATH` names a folder of the home volume, so that it happens once.",
        "the release was made before this GPU",
        "choose a TensorFlow release that knows this GPU, in envkit.yaml; or let a first run take its time",
    ),
    Check(
        "gpu/nvml-missing",
        "nvidia-smi and its library are not in the container",
        "warning",
        "container",
        "The device nodes open and computing needs no `libnvidia-ml.so.1`, but nobody can see the GPU's memory, its "
        "processes and its driver.",
        "NVIDIA_DRIVER_CAPABILITIES does not name utility",
        "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/ptxas-missing",
        "XLA has no assembler for GPUs",
        "warning",
        "image",
        "`ptxas` turns what XLA generates into machine code. Without it `tf.function(jit_compile=True)` on a GPU ends "
        "the whole program (seen with 2.9.0).",
        "the image holds CUDA's libraries without its tools",
        "install the package that holds ptxas (cuda-nvcc of CUDA, or nvidia-cuda-nvcc of Python) and put it on PATH",
    ),
    Check(
        "gpu/libdevice-missing",
        "XLA has no device library",
        "warning",
        "image",
        "`tf.function(jit_compile=True)` needs `nvvm/libdevice/libdevice.10.bc`, and fails without it.",
        "XLA looks in the folder that XLA_FLAGS names and in /usr/local/cuda, newer releases in NVIDIA's Python "
        "packages too, and finds none; CUDA_DIR, which its message names, it does not read",
        "install cuda-nvcc (or nvidia-cuda-nvcc of Python) and set XLA_FLAGS=--xla_gpu_cuda_data_dir=FOLDER, the one "
        "that holds nvvm/libdevice",
    ),
    Check(
        "gpu/usable",
        "TensorFlow computes on every GPU it lists, and rightly",
        "info",
        "tensorflow",
        "A matrix product and a convolution were computed on each GPU and compared with the right result.",
    ),
)
