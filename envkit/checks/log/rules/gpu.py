"""Rules for GPUs: the engine's refusals, NVIDIA's driver, CUDA and cuDNN.

Causes and hints are those of the checks that `probe`, `doctor` and `up` report for the same fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.check import CHECKS
from envkit.checks.error_patterns import GPU_NOT_LISTED, OPERATION_ERRORS
from envkit.checks.gpu import codes
from envkit.checks.gpu.engine_errors import GPU_ERRORS
from envkit.checks.log.rule import LogRule, Rank, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.checks.error_patterns import ErrorPattern
    from envkit.checks.log.rule import LogLayer

# Layers of the engine's refusals; all others are the engine's own.
_HOST_ERRORS = frozenset(
    {
        "driver-fails",
        "driver-forbidden",
        "driver-incomplete",
        "driver-mismatch",
        "driver-not-loaded",
        "driver-slow",
        "driver-too-old",
        "engine-in-snap",
        "fabric-manager",
        "gpu-lost",
        "gpu-too-old",
        "node-missing",
        "operating-system-call",
        "wsl-device-missing",
        "wsl-no-adapter",
    }
)
_IMAGE_ERRORS = frozenset({"driver-in-image"})
# Errors of the engine that a check names as well.
_ENGINE_CHECKS = {
    "driver-mismatch": "gpu/driver-mismatch",
    "driver-not-loaded": "gpu/module-not-loaded",
    "driver-too-old": "gpu/driver-too-old",
    "fabric-manager": "gpu/fabric-manager",
    "gpu-lost": "gpu/none-left",
}


def check_rule(
    check_id: str,
    pattern: str,
    cause: str = "",
    hint: str = "",
    *,
    layer: LogLayer | None = None,
    rank: Rank = Rank.CAUSE,
) -> LogRule:
    """Build a rule with the layer, cause and hint of a check where none are given."""
    check = CHECKS[check_id]
    return rule(check_id, layer or check.layer, pattern, cause or check.cause, hint or check.hint, rank)


def _engine_rule(name: str, pattern: ErrorPattern) -> LogRule:
    return LogRule(
        _ENGINE_CHECKS.get(name, f"gpu-refused/{name}"),
        "host" if name in _HOST_ERRORS else "image" if name in _IMAGE_ERRORS else "engine",
        pattern.regex,
        pattern.cause,
        pattern.hint,
        Rank.GENERAL if name == "unknown" else Rank.CAUSE,
    )


def _shared_rules(patterns: tuple[ErrorPattern, ...], default_check: str) -> tuple[LogRule, ...]:
    """Build rules from the patterns of the probe; an entry without its own check has that of its table."""
    rules = []
    for pattern in patterns:
        check = CHECKS[pattern.check or default_check]
        rules.append(
            LogRule(check.id, check.layer, pattern.regex, pattern.cause or check.cause, pattern.hint or check.hint)
        )
    return tuple(rules)


def _code_rules(program: str, table: Mapping[int, codes.Code]) -> tuple[LogRule, ...]:
    """Build rules for the codes of NVIDIA's driver that name a cause, by name and as envkit's reports show them."""
    return tuple(
        check_rule(
            code.check or "gpu/op-failed", rf"{program} answers {number}\b|\b{code.name}\b", code.meaning, code.hint
        )
        for number, code in table.items()
        if code.check or code.hint
    )


ENGINE_REFUSALS = tuple(_engine_rule(name, pattern) for name, pattern in GPU_ERRORS.items() if name != "unknown")
ENGINE_REFUSALS_GENERAL = tuple(_engine_rule(name, GPU_ERRORS[name]) for name in ("unknown",) if name in GPU_ERRORS)

OWN_REFUSALS = (
    rule(
        "gpu-refused/cluster",
        "engine",
        r"Insufficient nvidia\.com/gpu|nvidia\.com/gpu.{0,80}(?:not found|no nodes|exceeded quota)",
        "no node of the cluster offers a free GPU, or NVIDIA's device plugin does not run there",
        "kubectl describe nodes | grep nvidia.com/gpu shows capacity and use; kubectl -n kube-system get "
        "pods | grep nvidia "
        "shows the device plugin",
    ),
    rule(
        "gpu-refused/driver-library-missing",
        "host",
        r"nvidia-container-cli\S*: initialization error: (?:load library failed|cannot open shared object file)",
        "the toolkit finds no driver libraries on the host, or not below its driver root",
        "nvidia-smi on the host shows whether the driver is installed; correct root= in "
        "/etc/nvidia-container-runtime/config.toml if the driver is not below /",
    ),
    check_rule(
        "gpu/none-left",
        r"NVML: GPU is lost|[Uu]nable to determine the device handle for (?:GPU|gpu)"
        r"|GPU is lost\.  ?Reboot|has fallen off the bus|CUDA_ERROR_DEVICE_LOST",
        "a GPU fell off the bus: overheating, power, a faulty slot, or a crashed driver",
    ),
    rule(
        "gpu-refused/mount",
        "engine",
        r"nvidia-container-cli\S*: mount error",
        "the toolkit cannot mount the driver's files: a file of the image is in their place, or the file system "
        "refuses the mount",
        "remove files of an NVIDIA driver from the image (libcuda.so, libnvidia-ml.so, /usr/bin/nvidia-smi), or pass "
        "GPUs by CDI",
    ),
)

DRIVER = (
    check_rule(
        "gpu/driver-mismatch",
        r"Driver/library version mismatch|driver/library version mismatch"
        r"|kernel version [0-9.]+ does not match DSO version [0-9.]+"
        r"|API mismatch: the client has the version"
        r"|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|system has unsupported display driver / cuda driver combination",
    ),
    check_rule(
        "gpu/driver-missing",
        r"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver"
        r"|nvidia-modprobe: .{0,60}not found|modprobe: FATAL: Module nvidia(?:-current|_uvm)? not found"
        r"|Found no NVIDIA driver on your system",
        "the NVIDIA driver is not installed, or its kernel module was not built for the running kernel",
        "sudo modprobe nvidia shows why; after a kernel update: sudo apt-get install linux-headers-$(uname -r) && sudo "
        "dkms autoinstall; with Secure Boot the module must be signed: mokutil --sb-state",
    ),
    check_rule(
        "gpu/nvml-missing",
        r"NVIDIA-SMI couldn't find libnvidia-ml\.so|libnvidia-ml\.so\.1: cannot open shared object "
        r"file(?!.{0,40}unknown)",
    ),
    check_rule(
        "gpu/driver-missing",
        r"modprobe: ERROR: could not insert '?nvidia\w*'?: (?:Operation not permitted|Required key not available"
        r"|Key was rejected)|nvidia: module verification failed|Lockdown: .{0,60}unsigned module",
        "Secure Boot refuses the NVIDIA kernel module, because it is not signed with an enrolled key",
        "sudo mokutil --import /var/lib/dkms/mok.pub, reboot and enroll the key; or switch off Secure Boot",
    ),
    check_rule(
        "gpu/driver-missing",
        r"Error! Bad return status for module build on kernel|nvidia\S*: bad return status|dkms\.conf.{0,40}nvidia"
        r"|could not insert '?nvidia\w*'?: (?:No such device|Exec format error|Invalid argument|Unknown symbol)"
        r"|nvidia: disagrees about version of symbol|nvidia: Unknown symbol",
        "the NVIDIA kernel module does not fit the running kernel or this GPU",
        "sudo apt-get install linux-headers-$(uname -r) && sudo dkms autoinstall; sudo dmesg | grep -i nvrm shows more",
    ),
    check_rule(
        "gpu/driver-missing",
        r"NVRM: .{0,80}(?:nouveau|conflicting driver)|NVRM: No NVIDIA (?:GPU|graphics adapter|devices) found",
        "another driver (nouveau) holds the GPU, or this driver does not support it",
        "echo 'blacklist nouveau' | sudo tee /etc/modprobe.d/blacklist-nouveau.conf && sudo update-initramfs -u && "
        "sudo "
        "reboot",
    ),
    check_rule(
        "gpu/module-not-loaded",
        r"nvml error: driver not loaded|NVML_ERROR_DRIVER_NOT_LOADED|NVML: Driver Not Loaded"
        r"|[Ff]ailed to initialize NVML: Driver Not Loaded"
        r"|kernel driver does not appear to be running on this host|/proc/driver/nvidia/version does not exist",
        layer="host",
    ),
    check_rule(
        "gpu/nodes-denied",
        r"[Ff]ailed to initialize NVML: Unknown Error",
    ),
    check_rule(
        "gpu/nodes-forbidden",
        r"[Ff]ailed to initialize NVML: Insufficient Permissions|NVML_ERROR_NO_PERMISSION"
        r"|open\S* /dev/nvidia\S*:? permission denied|/dev/nvidia\S*: Permission denied",
    ),
    check_rule(
        "gpu/hardware-error",
        r"NVRM: Xid \([^)]*\): (?:79|74|48|63|64|92|94|95|119|120|140),"
        r"|uncorrectable ECC error|CUDA_ERROR_ECC_UNCORRECTABLE|CUDA_ERROR_NVLINK_UNCORRECTABLE"
        r"|NVRM: GPU .{0,80}RmInitAdapter failed|CUDA_ERROR_HARDWARE_STACK_ERROR",
        "the GPU reports a hardware fault",
        "nvidia-smi -q -d ECC,PAGE_RETIREMENT and sudo dmesg | grep -i xid show it; then: sudo reboot; if it comes "
        "back, "
        "replace the GPU",
    ),
    check_rule(
        "gpu/fabric-manager", r"CUDA_ERROR_SYSTEM_NOT_READY|system not yet initialized|cuInit\S* .{0,40}\b802\b"
    ),
    check_rule(
        "gpu/compat-library",
        r"CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE|forward compatibility was attempted on non supported HW",
    ),
    check_rule(
        "gpu/driver-too-old",
        r"CUDA driver version is insufficient for CUDA runtime version|CUDA_ERROR_INSUFFICIENT_DRIVER"
        r"|cudaErrorInsufficientDriver|cuda>=[0-9.]+, please update your driver"
        r"|The NVIDIA driver on your system is too old|driver on your system is too old"
        r"|requires a (?:newer )?(?:NVIDIA )?driver (?:version|release) [0-9.]+ or (?:later|newer|higher)",
    ),
    check_rule(
        "gpu/libcuda-stub",
        r"CUDA_ERROR_STUB_LIBRARY|failed call to cuInit: UNKNOWN ERROR \(34\)|is a stub library",
    ),
    check_rule(
        "gpu/nodes-missing",
        r"no NVIDIA GPU device is present: /dev/nvidia0 does not exist|failed call to cuInit: (?:UNKNOWN ERROR"
        r"|CUresult)"
        r" ?\(-1\)",
        "the container was started without a GPU: --gpus all is missing, or the NVIDIA runtime is not used",
        "docker run --gpus all IMAGE nvidia-smi must list the GPU; with envkit: envkit down && envkit up --gpu",
    ),
    check_rule(
        "gpu/uvm",
        r"failed call to cuInit: CUDA_ERROR_UNKNOWN|CUDA_ERROR_UNKNOWN: unknown error|CUDA unknown error - this may be"
        r"|cuInit\S*: unknown error",
    ),
    check_rule(
        "gpu/hidden",
        r"CUDA_VISIBLE_DEVICES is set to -1|CUDA_VISIBLE_DEVICES='?\"?-1",
    ),
    rule(
        "gpu/exclusive",
        "host",
        r"CUDA_ERROR_DEVICE_UNAVAILABLE|all CUDA-capable devices are busy or unavailable|cudaErrorDevicesUnavailable",
        "another process holds the GPU, which is in exclusive mode, or its driver is in a bad state",
        "nvidia-smi -q -d COMPUTE shows the mode; sudo nvidia-smi -c 0 allows several processes",
    ),
    rule(
        "gpu/mps",
        "host",
        r"CUDA_ERROR_MPS_\w+|MPS (?:client|server) .{0,60}(?:failed|terminated)",
        "the MPS daemon of this GPU does not answer, or belongs to another user",
        "echo quit | sudo nvidia-cuda-mps-control stops it; or unset CUDA_MPS_PIPE_DIRECTORY",
    ),
)

LIBRARIES = (
    check_rule(
        "gpu/cudnn-wrong",
        r"Loaded runtime CuDNN library: \S+ but source was compiled with|CuDNN library needs to have matching major"
        r"|CUDNN_STATUS_(?:SUBLIBRARY_)?VERSION_MISMATCH|cuDNN version incompatibility",
    ),
    check_rule(
        "gpu/cudnn-incomplete",
        r"Could not load library libcudnn_\w+\.so|Unable to load any of \{?libcudnn_\w+\.so"
        r"|Invalid handle\. Cannot load symbol cudnn|libnvrtc\.so: cannot open shared object file",
    ),
    check_rule(
        "gpu/ptxas-missing",
        r"Couldn't (?:get|invoke) ptxas|ptxas (?:not found|exited with non-zero error code)|ptxas returned an error"
        r"|No PTX compilation provider is available|can't find ptxas",
        "XLA cannot run ptxas: the image holds CUDA's libraries without its tools",
    ),
    check_rule(
        "gpu/libdevice-missing",
        r"libdevice not found|Can't find libdevice directory|libdevice\.10\.bc",
    ),
    check_rule(
        "gpu/ptx-too-new",
        r"CUDA_ERROR_UNSUPPORTED_PTX_VERSION|PTX was compiled with an unsupported toolchain"
        r"|cudaErrorUnsupportedPtxVersion",
    ),
    check_rule(
        "gpu/no-kernel",
        r"'cuModuleLoadData\S* .{0,40}CUDA_ERROR_INVALID_PTX|'CUDA_ERROR_INVALID_(?:PTX|HANDLE)'"
        r"|ptxas fatal\s+: Value 'sm_1[0-9]\w+' is not defined",
        "the GPU is newer than this TensorFlow: the driver cannot compile its PTX for it (GeForce RTX 50 with 2.16 "
        "to 2.20)",
        "use NVIDIA's own container, such as nvcr.io/nvidia/tensorflow:25.02-tf2-py3, or a build for this GPU; see "
        "docs/reference/catalog.md",
    ),
    check_rule(
        "gpu/no-kernel",
        r"no kernel image is available for execution|CUDA_ERROR_NO_BINARY_FOR_GPU|device kernel image is invalid"
        r"|CUDA_ERROR_INVALID_(?:PTX|IMAGE)|cudaErrorNoKernelImageForDevice|cudaErrorInvalidKernelImage"
        r"|ptxas fatal\s+: Value 'sm_\w+' is not defined|is not compatible with the current PyTorch installation",
    ),
    check_rule(
        "gpu/wsl",
        r"/dev/dxg: [Nn]o such file|dxgkio_\w+: Ioctl failed|misc dxg: dxgk",
    ),
    check_rule(
        "gpu/too-old",
        r"The minimum required Cuda capability is [0-9.]+|Ignoring visible gpu device .{0,200}Cuda compute capability",
    ),
    check_rule(
        "gpu/compiles-at-first-use",
        r"CUDA kernels will be jit-compiled from PTX|TensorFlow was not built with CUDA kernel binaries compatible "
        r"with",
        rank=Rank.NOTICE,
    ),
    rule(
        "gpu/memory-full",
        "tensorflow",
        r"OOM when allocating tensor|ran out of memory trying to allocate|ResourceExhaustedError(?!.{0,300}No space "
        r"left)"
        r"|RESOURCE_EXHAUSTED: (?:Out of memory|OOM|Failed to allocate|failed to allocate)"
        r"|CUDA out of memory|Resource exhausted: (?:OOM|Failed to allocate)",
        "the program needs more GPU memory than is free: its batches or its model are too large, or another process "
        "uses the GPU as well",
        "nvidia-smi shows the processes that use the GPU: stop the others; otherwise reduce the batch size, or use "
        "mixed precision",
    ),
    check_rule(
        "gpu/memory-taken",
        r"CUDA_ERROR_OUT_OF_MEMORY|Unexpected CUDA error: out of memory|Dst tensor is not initialized|Failed to "
        r"allocate scratch buffer"
        r"|C(?:UDNN|UBLAS)_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation|could not retrieve CUDA device count: out "
        r"of mem",
    ),
    check_rule(
        "gpu/library-fails",
        r"C(?:UDNN|UBLAS)_STATUS_(?:INTERNAL_ERROR|NOT_INITIALIZED|EXECUTION_FAILED|ARCH_MISMATCH)"
        r"|DNN library is not found|without BLAS support|Failed to get convolution algorithm"
        r"|DNN library initialization failed|failed to create cublas handle"
        r"|Blas (?:xGEMM|GEMM|GEMV|SGEMM) launch failed|No algorithm worked|Failed to launch CUDNN kernel|Attempting "
        r"to perform BLAS operation using StreamExecutor",
        "cuDNN or cuBLAS cannot be initialized: usually the GPU's memory is already full, otherwise the library does "
        "not "
        "work with the driver or this GPU",
        "nvidia-smi shows who uses the memory; set TF_FORCE_GPU_ALLOW_GROWTH=true; then compare CUDA and cuDNN with "
        "the "
        "release's (docs/reference/catalog.md)",
    ),
    check_rule(
        "gpu/op-failed",
        r"CUDA_ERROR_ILLEGAL_ADDRESS|an illegal memory access was encountered|CUDA_ERROR_LAUNCH_(?:FAILED|TIMEOUT)"
        r"|CUDA_ERROR_ILLEGAL_INSTRUCTION|CUDA_ERROR_MISALIGNED_ADDRESS|device-side assert triggered"
        r"|unspecified launch failure",
        "a kernel crashed on the GPU: a bug in an operation, an index out of range, or faulty memory",
        "run it again with CUDA_LAUNCH_BLOCKING=1, which shows the operation; sudo dmesg | grep -i xid shows a "
        "hardware "
        "fault",
    ),
    rule(
        "gpu/nccl",
        "container",
        r"NCCL (?:WARN|error)|ncclSystemError|ncclUnhandledCudaError|NCCL: unhandled (?:system|cuda) error",
        "the GPUs cannot communicate: most often /dev/shm of the container is too small",
        "start the container with --shm-size=1g or --ipc=host; in envkit.yaml set limits.shm; NCCL_DEBUG=WARN shows "
        "more",
    ),
    check_rule(
        "gpu/libraries-missing",
        r"Could not load dynamic library 'lib(?:cud|cub|cuf|cur|cus|nccl|nvrtc|cupti)\w*\.so[0-9.]*'"
        r"|Could not dlopen library 'lib\w+\.so|Cannot dlopen some GPU libraries|Unable to load cuDNN DSO|could not "
        r"find cudnn\w+ in cudnn DSO"
        r"|Couldn't open CUDA library lib(?!cuda\.so)\w+\.so",
        "CUDA or cuDNN libraries are missing in the image, or not on the loader's path; without a GPU this is harmless",
        "install the CUDA and cuDNN that this release needs (docs/reference/catalog.md; pip install "
        "tensorflow[and-cuda] "
        "from 2.14 on), then run ldconfig, or set LD_LIBRARY_PATH",
        rank=Rank.NOTICE,
    ),
    check_rule(
        "gpu/libraries-missing",
        r"ImportError: lib(?:cud|cub|cuf|cur|cus|nccl|nvrtc|cupti)\w*\.so[0-9.]*: cannot open shared object file",
    ),
    check_rule(
        "gpu/libcuda-missing",
        r"Could not load dynamic library 'libcuda\.so\.1'|Couldn't open CUDA library libcuda\.so|Could not find cuda "
        r"drivers on your machine"
        r"|failed call to cuInit: UNKNOWN ERROR \(303\)|failed call to cuInit: "
        r".{0,40}CUDA_ERROR_SHARED_OBJECT_INIT_FAILED",
        "the driver's library libcuda.so.1 is not in the container: it was started without a GPU, or the host has no "
        "driver; on a machine without a GPU this is harmless",
        "start the container with --gpus all and NVIDIA_DRIVER_CAPABILITIES=compute,utility; with envkit: envkit "
        "down && "
        "envkit up --gpu",
        rank=Rank.NOTICE,
    ),
    check_rule(
        "gpu/libcuda-missing",
        r"(?:ImportError|OSError): libcuda\.so\.1: cannot open shared object file"
        r"|libcuda\.so\.1: cannot open shared object file.{0,40}$",
        rank=Rank.NOTICE,
    ),
    check_rule(
        "gpu/nodes-missing",
        r"failed call to cuInit: CUDA_ERROR_NO_DEVICE|no CUDA-capable device is detected|CUDA_ERROR_NO_DEVICE"
        r"|No devices were found|NO_DEVICE: no CUDA",
        "the driver counts no GPU: the container was started without one, CUDA_VISIBLE_DEVICES hides all, or the "
        "machine "
        "has none",
        "docker run --gpus all IMAGE nvidia-smi must list the GPU; unset CUDA_VISIBLE_DEVICES",
        rank=Rank.NOTICE,
    ),
    check_rule(
        "gpu/cpu-build",
        r"TensorFlow was not built with CUDA support|not compiled with (?:CUDA|GPU) (?:support|enabled)"
        r"|Torch not compiled with CUDA enabled",
        rank=Rank.NOTICE,
    ),
    check_rule(
        "gpu/not-listed",
        r"Could not satisfy (?:explicit )?device specification '/\S*GPU|Unknown device: /\S*GPU|unknown device\. "
        r".{0,300}GPU:0"
        r"|/device:GPU:[0-9]+ (?:unknown device|which is not available)|nvidia-smi: command not found"
        r"|\"nvidia-smi\": executable file not found",
        "TensorFlow or the container sees no GPU",
        "docker run --gpus all IMAGE nvidia-smi must list the GPU; with envkit: envkit probe --gpu names the layer "
        "that "
        "fails",
        rank=Rank.NOTICE,
    ),
)

GPU_RULES = (
    *ENGINE_REFUSALS,
    *OWN_REFUSALS,
    *DRIVER,
    *LIBRARIES,
    *_code_rules("cuInit", codes.CUDA),
    *_code_rules("NVML", codes.NVML),
    *_shared_rules(GPU_NOT_LISTED, "gpu/not-listed"),
    *_shared_rules(OPERATION_ERRORS, "gpu/op-failed"),
    *ENGINE_REFUSALS_GENERAL,
)
