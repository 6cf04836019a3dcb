"""Checks of every layer that a GPU needs, from the host to an operation."""

from __future__ import annotations

from envkit.checks.definitions import Check

GPU = (
    Check(
        "gpu/device-missing",
        "This machine has no NVIDIA GPU",
        "error",
        "host",
        "The PCI bus of the machine that runs the engine has no NVIDIA display device.",
        "the machine has none, or it was not passed through to this virtual machine",
        "use a machine with an NVIDIA GPU; or envkit up --no-gpu to work on the CPU",
    ),
    Check(
        "gpu/wsl",
        "This is WSL, whose GPU is not supported",
        "error",
        "host",
        "WSL 2 has no Linux NVIDIA kernel driver and no GPU on its bus: it reaches the Windows driver through "
        "`/dev/dxg`. This version of envkit neither passes nor checks that device.",
        "envkit runs in WSL",
        "envkit up --no-gpu to work on the CPU; or use a machine that runs Linux natively",
    ),
    Check(
        "gpu/driver-missing",
        "No NVIDIA driver is loaded on this host",
        "error",
        "host",
        "A container uses its host's kernel driver. `/proc/driver/nvidia/version` exists while one is loaded.",
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
        "All releases of a CUDA major version run on the drivers from its first branch on, such as 525.60.13 "
        "for CUDA 12. "
        "The catalog lists the oldest driver for each TensorFlow release. A driver that answered in the "
        "container, also "
        "through the image's cuda-compat, counts more than the host's version.",
        "the driver is of an older branch than that CUDA major version needs",
        "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers "
        "install && sudo reboot (Ubuntu); the last branch for Kepler GPUs is 470, for Maxwell to Volta 580",
    ),
    Check(
        "gpu/engine-cannot",
        "The container engine has no way to pass a GPU",
        "error",
        "engine",
        "The engine passes GPUs through a part of NVIDIA's container toolkit: the hook, the runtime, or the device "
        "descriptions (CDI) that the toolkit generates. None of them was found.",
        "NVIDIA's container toolkit is not installed, or the engine is not configured for it",
        "install nvidia-container-toolkit from NVIDIA's package repository, then: sudo nvidia-ctk runtime "
        "configure --runtime=docker && sudo systemctl restart docker",
    ),
    Check(
        "gpu/cpu-build",
        "The image holds TensorFlow's CPU build",
        "error",
        "image",
        "This build of TensorFlow contains no GPU code and never lists a GPU, whatever the host offers.",
        "the image was built without GPU support",
        "envkit up --no-gpu to work on the CPU; or a workspace built with TensorFlow's GPU build",
    ),
    Check(
        "gpu/nodes-missing",
        "The container has no NVIDIA device nodes",
        "error",
        "container",
        "Opening `/dev/nvidiactl`, `/dev/nvidia-uvm` or `/dev/nvidia0` fails because the file does not exist (ENOENT).",
        "the container was started without a GPU",
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/module-not-loaded",
        "The device nodes exist, but the kernel module is not loaded",
        "error",
        "container",
        "Opening a node fails because no driver handles it (ENXIO). Nodes remain when their module is unloaded.",
        "the NVIDIA kernel module is not loaded on the host, often after an update of kernel or driver",
        "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/nodes-denied",
        "The engine's device rules deny the GPU",
        "error",
        "container",
        "Opening a node is not permitted (EPERM), although its mode would allow it: the container's control "
        "group forbids the device. This is the usual reason why a working GPU disappears.",
        "systemctl daemon-reload on the host reset the device rules of running containers",
        "envkit down && envkit up --gpu; for a lasting fix, pass GPUs by CDI, or set "
        '"exec-opts": ["native.cgroupdriver=cgroupfs"] in /etc/docker/daemon.json',
    ),
    Check(
        "gpu/nodes-forbidden",
        "The container's user may not open the device nodes",
        "error",
        "container",
        "Opening a node fails because of its mode or owner (EACCES). For a fix that survives a reboot, set the "
        "module's option `NVreg_DeviceFileMode=0666`.",
        "only root or one group may open the host's NVIDIA device nodes",
        "sudo chmod a+rw /dev/nvidia*, on the host",
    ),
    Check(
        "gpu/nodes-unknown",
        "The device nodes cannot be opened, for an unknown reason",
        "error",
        "container",
        "Opening a node fails with an error that envkit cannot explain; it is shown unchanged.",
        "unknown",
        "nvidia-smi and sudo dmesg | grep -i nvrm, on the host, show more",
    ),
    Check(
        "gpu/libcuda-missing",
        "The driver's library is not in the container",
        "error",
        "container",
        "The device nodes open, but the loader finds no `libcuda.so.1`. It belongs to the host's driver, and the "
        "container toolkit mounts it into each container.",
        "the container received only device nodes, or its toolkit does not know where the host keeps the library",
        "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker, on the host, then: "
        "envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/libcuda-stub",
        "A stub of the driver's library hides the real one",
        "error",
        "image",
        "CUDA's development files include a `libcuda.so` for linking, which answers every call with an error (34). In "
        "this image the loader finds it first.",
        "/etc/ld.so.conf.d or LD_LIBRARY_PATH contains the folder of the stubs",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
    ),
    Check(
        "gpu/driver-mismatch",
        "The driver's library and its kernel module have different versions",
        "error",
        "host",
        "NVML answers 18 or `cuInit` 803: the library in the container is the host's newest but the loaded kernel "
        "module is older, or the device description (CDI) names files of an older driver. If NVML works, and "
        "only libcuda "
        "has another version, the image contains its own: `gpu/driver-in-image`.",
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot; if GPUs are passed by CDI, also: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    ),
    Check(
        "gpu/driver-in-image",
        "The image contains its own driver library",
        "error",
        "image",
        "The driver's library must be the host's. The image contains another one, of a package, of conda or of "
        "cuda-compat, which the loader finds first.",
        "a package of the image depends on a driver",
    ),
    Check(
        "gpu/fabric-manager",
        "The interconnect of the GPUs is not ready",
        "error",
        "host",
        "On machines whose GPUs are connected by NVSwitch, `cuInit` answers 802 while the Fabric Manager is not "
        "running, although `nvidia-smi` looks healthy.",
        "nvidia-fabricmanager is not running, or its version differs from the driver's",
        "sudo systemctl enable --now nvidia-fabricmanager, on the host; its version must be the driver's",
    ),
    Check(
        "gpu/uvm",
        "The driver's memory module fails",
        "error",
        "host",
        "`cuInit` answers 999, the unknown error, although the nodes open. Most often the kernel module `nvidia_uvm` "
        "is broken, for instance after the machine was suspended.",
        "the kernel module nvidia_uvm does not answer",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm, on the host; if that fails: sudo reboot",
    ),
    Check(
        "gpu/compat-library",
        "The image's compatibility library does not support this GPU",
        "error",
        "image",
        "`cuInit` answers 804: the image's newer `libcuda` (`cuda-compat`) is used with an older driver, which works "
        "only on data center GPUs.",
        "the image contains cuda-compat, and the host's driver is older",
        "update the host's driver; or remove cuda-compat from the image",
    ),
    Check(
        "gpu/hidden",
        "An environment variable hides every GPU",
        "error",
        "container",
        "The driver counts no GPU, and `CUDA_VISIBLE_DEVICES` is empty, -1, or names none that exists, such as a MIG "
        "instance that was created again. CUDA ignores everything from the first invalid entry on.",
        "CUDA_VISIBLE_DEVICES hides all GPUs",
        "remove CUDA_VISIBLE_DEVICES from env in envkit.yaml, then: envkit up",
    ),
    Check(
        "gpu/mig-empty",
        "The GPU is in MIG mode and has no instance",
        "error",
        "host",
        "In MIG mode programs compute on instances of a GPU. The driver counts none; the finding tells "
        "whether instances "
        "exist and were only not passed to the container.",
        "MIG was switched on and no instance was created",
        "sudo nvidia-smi mig -cgi 0 -C creates one; sudo nvidia-smi -mig 0 switches MIG off",
    ),
    Check(
        "gpu/none-left",
        "The driver finds no GPU",
        "error",
        "host",
        "The nodes open, `cuInit` answers 100 or counts none, no variable hides GPUs, and NVML lists none.",
        "the GPU fell off the bus, or was assigned to another machine",
        "sudo dmesg | grep -iE 'nvrm|xid', on the host, shows more; then: sudo reboot",
    ),
    Check(
        "gpu/hardware-error",
        "The GPU reports a hardware error",
        "error",
        "host",
        "The driver answers that a GPU is lost (NVML 15), needs a reset (16), or has an uncorrectable error of its "
        "memory (CUDA 214) or of NVLink (220). No change of the container helps.",
        "the GPU failed, overheated, or lost its power or its connection",
        "sudo reboot, on the host; sudo dmesg | grep -iE 'nvrm|xid' shows the error, and nvidia-smi -q the GPU's state",
    ),
    Check(
        "gpu/exclusive",
        "The GPU is busy: its compute mode admits one process, or none",
        "error",
        "host",
        "The driver answers 46. In exclusive mode a GPU admits one process, in prohibited mode none.",
        "the GPU is in exclusive or prohibited compute mode, or another process holds it",
        "nvidia-smi on the host shows mode and processes: stop them, or allow several with sudo nvidia-smi -c DEFAULT",
    ),
    Check(
        "gpu/mps",
        "NVIDIA's Multi-Process Service does not work in this container",
        "error",
        "container",
        "The driver answers 805 to 811: it should use the GPU through the daemon of the Multi-Process Service (MPS), "
        "because its pipe folder exists or `CUDA_MPS_PIPE_DIRECTORY` names it.",
        "the MPS daemon is not running, is not reachable from the container, or admits no further program",
        "start the daemon on the host (nvidia-cuda-mps-control -d), or remove CUDA_MPS_PIPE_DIRECTORY from env in "
        "envkit.yaml",
    ),
    Check(
        "gpu/vgpu",
        "The virtual GPU does not compute",
        "error",
        "host",
        "The driver answers 801 or 102: a virtual GPU (vGPU) computes only with a profile for computing and a license.",
        "the profile of the virtual GPU does not support CUDA, or its license is missing",
        "choose a vGPU profile for computing (C or Q series), licensed; nvidia-smi -q shows the license",
    ),
    Check(
        "gpu/access-denied",
        "A security module denies access to the driver",
        "error",
        "host",
        "NVML answers 4 although every device node opens, so the modes of the nodes are correct.",
        "SELinux or AppArmor denies the container access to the driver",
        "sudo ausearch -m avc -ts recent (SELinux) or sudo dmesg | grep -i apparmor, on the host, shows the denial; "
        "for SELinux: sudo setsebool -P container_use_devices on",
    ),
    Check(
        "gpu/libcuda-damaged",
        "The driver's library in the container cannot be used",
        "error",
        "image",
        "A file named `libcuda.so.1` exists, but the loader refuses it, or it lacks the driver's functions.",
        "the file is damaged, was built for a newer system than the image's, or is not the driver's library",
        "remove libcuda from the image (the toolkit mounts the host's), then: envkit up --gpu",
    ),
    Check(
        "gpu/partial",
        "Not every requested GPU can be used",
        "warning",
        "host",
        "envkit compares the GPUs that were requested with those whose node opens, that NVML lists, that the driver "
        "counts, and that TensorFlow lists.",
        "a GPU failed, is hidden, or is too old for this TensorFlow",
        "nvidia-smi and sudo dmesg | grep -iE 'nvrm|xid', on the host, show the state of the named GPU",
    ),
    Check(
        "gpu/driver-unknown",
        "The driver cannot be initialized, for an unknown reason",
        "error",
        "container",
        "`cuInit` answers a code that names no cause; it is shown with NVIDIA's meaning of it.",
        "unknown",
        "nvidia-smi and sudo dmesg | grep -i nvrm, on the host, show more",
    ),
    Check(
        "gpu/driver-crashed",
        "The driver probe did not finish",
        "error",
        "container",
        "The driver's and CUDA's libraries are loaded and queried in a separate process. It crashed, or took longer "
        "than twenty seconds.",
        "the driver's library and its kernel module do not work together, or the GPU hangs",
        "nvidia-smi on the host shows whether it works there, sudo dmesg | grep -iE 'nvrm|xid' why; then: sudo reboot",
    ),
    Check(
        "gpu/libraries-missing",
        "CUDA libraries cannot be loaded",
        "error",
        "image",
        "TensorFlow opens CUDA's libraries by name. Each is loaded with all its dependencies, and the loader's "
        "messages for those that fail are shown.",
        "CUDA or cuDNN libraries are missing in the image, or not on the loader's path",
        "install the named libraries, then run ldconfig; envkit's own images have them all",
    ),
    Check(
        "gpu/cudnn-wrong",
        "TensorFlow was not built for this version of cuDNN",
        "error",
        "image",
        "A TensorFlow release works with the cuDNN it was built with, or a newer one of the same major version.",
        "the loader finds another cuDNN first",
        "install the cuDNN that docs/reference/catalog.md names for this release, and remove the other one",
    ),
    Check(
        "gpu/too-old",
        "The GPU is too old for this TensorFlow",
        "error",
        "host",
        "Each release has a minimum compute capability.",
        "this GPU is older than this TensorFlow release supports",
        "use a newer GPU or an older TensorFlow; or envkit up --no-gpu to work on the CPU",
    ),
    Check(
        "gpu/not-listed",
        "TensorFlow lists no GPU",
        "error",
        "tensorflow",
        "The device nodes open, but TensorFlow finds no GPU it can use. Its log contains the reason; the finding "
        "explains the known ones.",
        "unknown",
        "envkit exec -- python -c 'import tensorflow as tf; tf.config.list_physical_devices(\"GPU\")' shows "
        "TensorFlow's whole log",
    ),
    Check(
        "gpu/op-failed",
        "TensorFlow lists a GPU but cannot compute on it",
        "error",
        "tensorflow",
        "A listed GPU does not necessarily work. An operation on it raised an exception, gave a wrong result, ran on "
        "another device, or did not finish.",
        "unknown",
        "nvidia-smi on the host shows the GPU's state and the processes that use its memory",
    ),
    Check(
        "gpu/memory-taken",
        "The GPU's memory is in use",
        "error",
        "host",
        "An operation failed, and NVML counted less than 512 MiB of free memory before TensorFlow started, or "
        "TensorFlow reports that it could not allocate any.",
        "another process computes on this GPU and holds its memory",
        "nvidia-smi on the host shows the processes that use it: stop them, or wait for them",
    ),
    Check(
        "gpu/library-fails",
        "cuDNN or cuBLAS cannot be initialized on this GPU",
        "error",
        "tensorflow",
        "The library loads, has the right version, and answers its first call with NOT_INITIALIZED or INTERNAL_ERROR, "
        "although memory is free. TensorFlow then reports only that there is no DNN or BLAS.",
        "the driver and CUDA's libraries in the image do not work together, or the GPU is in a bad state",
        "nvidia-smi on the host shows whether the GPU works; then: envkit down && envkit up --gpu, or sudo reboot",
    ),
    Check(
        "gpu/cudnn-incomplete",
        "cuDNN cannot find a library that it loads itself",
        "error",
        "image",
        "From version 8.5 on, cuDNN opens `libnvrtc.so`, without a version in the name, and aborts the whole program "
        "if it does not exist. Only CUDA's development packages install a file of that name.",
        "the loader finds no libnvrtc.so",
        "in the image, in the folder that ldconfig -p | grep nvrtc shows: ln -s libnvrtc.so.11.2 libnvrtc.so && "
        "ldconfig; envkit's own images have this link",
    ),
    Check(
        "gpu/ptx-too-new",
        "The driver is too old for a library's PTX code",
        "error",
        "host",
        "A CUDA library has no machine code for this GPU, and its PTX was generated by a newer toolkit than the driver "
        "supports (222).",
        "the driver is older than the CUDA release of the image's libraries",
        "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers install && "
        "sudo reboot (Ubuntu)",
    ),
    Check(
        "gpu/no-kernel",
        "This TensorFlow has no code for this GPU",
        "error",
        "tensorflow",
        "The driver rejects a kernel's code: it is for another architecture (209), damaged (200), or its PTX does not "
        "compile (218, then 400 at its launch). Matrix products and convolutions may still work, with the "
        "code of cuBLAS "
        "and cuDNN. No release in the catalog has code for GPUs of compute capability 10.0 and later (unconfirmed for "
        "10.x; reported by users for 12.0 with TensorFlow 2.16 to 2.20).",
        "TensorFlow, or another library, was built for other GPUs",
        "choose a TensorFlow release that supports this GPU, in envkit.yaml (docs/reference/catalog.md lists "
        "them), then: "
        "envkit up",
    ),
    Check(
        "gpu/not-probed",
        "The GPU could not be checked",
        "error",
        "tensorflow",
        "The TensorFlow probe stopped before it reached the GPUs. The other findings show the reason.",
        "see the other findings",
        "",
    ),
    Check(
        "gpu/nodes-open",
        "The GPU's device nodes still open",
        "info",
        "container",
        "Checked again in a running container: reloading the host's service manager can take a GPU away from it.",
    ),
    Check(
        "gpu/compiles-at-first-use",
        "This GPU is newer than the TensorFlow release",
        "warning",
        "tensorflow",
        "Without machine code for a GPU's generation, the driver compiles each kernel from PTX at its first use, which "
        "can take 30 minutes or longer, as TensorFlow's log announces. On GPUs of compute capability 12.0 users report "
        "that this fails (`gpu/no-kernel`); for 10.x it is unconfirmed. The finding reports how long the "
        "first operation took, and whether the "
        "compiled code is kept on a volume: `CUDA_CACHE_PATH` names a folder of the home volume, so that it happens "
        "once.",
        "the release is older than this GPU",
        "choose a TensorFlow release that supports this GPU, in envkit.yaml (docs/reference/catalog.md lists "
        "them; there "
        "is none for 10.x and 12.0); or wait during the first run",
    ),
    Check(
        "gpu/nvml-missing",
        "nvidia-smi and its library are not in the container",
        "warning",
        "container",
        "The device nodes open, and computing does not need `libnvidia-ml.so.1`, but the GPU's memory, processes and "
        "driver version cannot be read.",
        "NVIDIA_DRIVER_CAPABILITIES does not name utility",
        "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu",
    ),
    Check(
        "gpu/ptxas-missing",
        "XLA has no assembler for GPUs",
        "warning",
        "image",
        "`ptxas` turns XLA's output into machine code. Without it, `tf.function(jit_compile=True)` on a GPU aborts the "
        "whole program (seen with 2.9.0).",
        "the image holds CUDA's libraries without its tools",
        "install the package that contains ptxas (CUDA's cuda-nvcc, or nvidia-cuda-nvcc from PyPI) and put it on PATH",
    ),
    Check(
        "gpu/libdevice-missing",
        "XLA has no device library",
        "warning",
        "image",
        "`tf.function(jit_compile=True)` needs `nvvm/libdevice/libdevice.10.bc`, and fails without it.",
        "XLA searches the folder that XLA_FLAGS names and /usr/local/cuda, newer releases also NVIDIA's Python "
        "packages, and finds none; it does not read CUDA_DIR, although its message names it",
        "install cuda-nvcc (or nvidia-cuda-nvcc from PyPI) and set XLA_FLAGS=--xla_gpu_cuda_data_dir=FOLDER, the one "
        "that contains nvvm/libdevice",
    ),
    Check(
        "gpu/usable",
        "TensorFlow computes correctly on every listed GPU",
        "info",
        "tensorflow",
        "A matrix product and a convolution, which use cuBLAS and cuDNN, and operations with TensorFlow's own kernels "
        "(multiply, cast, reduce, random) were computed on each GPU and compared with the right result.",
    ),
)
