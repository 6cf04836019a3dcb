"""Explain the codes of NVIDIA's driver (CUDA) and of its management library (NVML), by number, name or text.

The meanings are those of the comments in NVIDIA's headers cuda.h and nvml.h, shortened. A code without a hint names no
cause: its meaning is shown, and the cause stays unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOW_LOG = "nvidia-smi and sudo dmesg | grep -iE 'nvrm|xid', on the host, show more"
RESET = f"sudo nvidia-smi --gpu-reset, or sudo reboot, on the host; {SHOW_LOG}"
REBOOT = f"sudo reboot, on the host; {SHOW_LOG}"
MPS_HINT = (
    "start the MPS daemon on the host (nvidia-cuda-mps-control -d) and mount its CUDA_MPS_PIPE_DIRECTORY, with the "
    "host's IPC; or remove CUDA_MPS_PIPE_DIRECTORY from env in envkit.yaml and stop the daemon"
)
MPS_RESTART = "echo quit | nvidia-cuda-mps-control and nvidia-cuda-mps-control -d, on the host, restart the MPS daemon"
EXCLUSIVE_HINT = (
    "nvidia-smi -q -d COMPUTE on the host shows the mode, and nvidia-smi the processes: stop them, or allow several "
    "with sudo nvidia-smi -c DEFAULT"
)
VGPU_HINT = "choose a vGPU profile for computing (C or Q series), licensed; nvidia-smi -q shows the license"
UVM_HINT = "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm, on the host; if that fails: sudo reboot"
RESTART_PROGRAM = "restart the kernel or program: its GPU state is lost; if the error returns, " + SHOW_LOG
IMAGE_LIBCUDA = (
    "remove the image's own libcuda (cuda-compat, conda) from the image and from LD_LIBRARY_PATH; on the host: "
    "sudo reboot after a driver update"
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        name: NVIDIA's name.
        text: NVIDIA's text for people, as programs print it; empty if it names nothing.
        meaning: Its meaning, in short.
        hint: Command or change that helps; empty if the code alone names no cause.
        check: Check that reports it; empty for none of its own.
    """

    name: str
    text: str
    meaning: str
    hint: str = ""
    check: str = ""


_HARDWARE, _MPS = "gpu/hardware-error", "gpu/mps"

CUDA: Mapping[int, Code] = {
    1: Code("CUDA_ERROR_INVALID_VALUE", "invalid argument", "a parameter is outside its range"),
    2: Code(
        "CUDA_ERROR_OUT_OF_MEMORY",
        "out of memory",
        "memory or another resource could not be allocated",
        "nvidia-smi on the host shows the processes that use the GPU: stop them, or wait for them",
        "gpu/memory-taken",
    ),
    3: Code("CUDA_ERROR_NOT_INITIALIZED", "initialization error", "the driver is not initialized, or failed to be"),
    4: Code("CUDA_ERROR_DEINITIALIZED", "driver shutting down", "the driver is shutting down"),
    34: Code(
        "CUDA_ERROR_STUB_LIBRARY",
        "CUDA driver is a stub library",
        "the loaded libcuda is a stub, not a driver",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
        "gpu/libcuda-stub",
    ),
    46: Code(
        "CUDA_ERROR_DEVICE_UNAVAILABLE",
        "CUDA-capable device(s) is/are busy or unavailable",
        "the GPU is not available now: it is in exclusive or prohibited compute mode, or another process holds it",
        EXCLUSIVE_HINT,
        "gpu/exclusive",
    ),
    100: Code("CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected", "the driver finds no GPU"),
    101: Code(
        "CUDA_ERROR_INVALID_DEVICE",
        "invalid device ordinal",
        "the number of the GPU is not valid, or the GPU does not support the request",
        "nvidia-smi -L lists the GPUs: correct gpu: and CUDA_VISIBLE_DEVICES in envkit.yaml",
    ),
    102: Code(
        "CUDA_ERROR_DEVICE_NOT_LICENSED",
        "device doesn't have valid Grid license",
        "the virtual GPU (vGPU) has no license",
        "nvidia-smi -q | grep -i license shows its state: configure the license server (/etc/nvidia/gridd.conf)",
        "gpu/vgpu",
    ),
    200: Code(
        "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid", "a kernel's code is invalid", "", "gpu/no-kernel"
    ),
    201: Code("CUDA_ERROR_INVALID_CONTEXT", "invalid device context", "the context of the GPU is not valid"),
    205: Code("CUDA_ERROR_MAP_FAILED", "mapping of buffer object failed", "memory could not be mapped"),
    209: Code(
        "CUDA_ERROR_NO_BINARY_FOR_GPU",
        "no kernel image is available for execution on the device",
        "there is no code for this GPU",
        "",
        "gpu/no-kernel",
    ),
    214: Code(
        "CUDA_ERROR_ECC_UNCORRECTABLE",
        "uncorrectable ECC error encountered",
        "the GPU's memory has an uncorrectable ECC error: a hardware error",
        f"{RESET}; if it returns, replace the GPU (nvidia-smi -q -d ECC shows its counters)",
        _HARDWARE,
    ),
    217: Code(
        "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED",
        "peer access is not supported between these two devices",
        "these GPUs cannot access each other's memory",
    ),
    218: Code(
        "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed", "compiling a kernel's PTX failed", "", "gpu/no-kernel"
    ),
    220: Code(
        "CUDA_ERROR_NVLINK_UNCORRECTABLE",
        "uncorrectable NVLink error detected during the execution",
        "NVLink, which connects the GPUs, has an uncorrectable error: a hardware error",
        f"{RESET}; nvidia-smi nvlink -e shows its counters",
        _HARDWARE,
    ),
    221: Code(
        "CUDA_ERROR_JIT_COMPILER_NOT_FOUND",
        "PTX JIT compiler library not found",
        "the driver's PTX compiler, libnvidia-ptxjitcompiler.so, is not in the container",
        "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu; with CDI: "
        "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml, on the host",
        "gpu/libcuda-missing",
    ),
    222: Code(
        "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
        "the provided PTX was compiled with an unsupported toolchain",
        "the PTX was generated by a newer toolkit than the driver supports",
        "",
        "gpu/ptx-too-new",
    ),
    223: Code(
        "CUDA_ERROR_JIT_COMPILATION_DISABLED",
        "PTX JIT compilation was disabled",
        "compiling PTX is switched off (CUDA_DISABLE_PTX_JIT), and there is no machine code for this GPU",
        "remove CUDA_DISABLE_PTX_JIT from env in envkit.yaml, then: envkit up",
    ),
    226: Code(
        "CUDA_ERROR_CONTAINED",
        "Invalid access of peer GPU memory over nvlink or a hardware error",
        "the GPU contained an exception: an invalid access over NVLink, or a hardware error",
        RESET,
        _HARDWARE,
    ),
    300: Code("CUDA_ERROR_INVALID_SOURCE", "device kernel image is invalid", "a kernel's source is invalid"),
    301: Code("CUDA_ERROR_FILE_NOT_FOUND", "file not found", "a file was not found"),
    302: Code(
        "CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND",
        "shared object symbol not found",
        "a symbol of a driver library was not found: the libraries in the container are of different versions",
        IMAGE_LIBCUDA,
    ),
    303: Code(
        "CUDA_ERROR_SHARED_OBJECT_INIT_FAILED",
        "shared object initialization failed",
        "a driver library could not be initialized: one of its parts is missing or damaged in the container",
        "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml, on the host, if GPUs are passed by CDI; then: "
        "envkit down && envkit up --gpu",
    ),
    304: Code(
        "CUDA_ERROR_OPERATING_SYSTEM",
        "OS call failed or operation not supported on this OS",
        "the driver's call into the kernel failed: nvidia_uvm is broken, or a sandbox blocks the call",
        UVM_HINT,
        "gpu/uvm",
    ),
    400: Code("CUDA_ERROR_INVALID_HANDLE", "invalid resource handle", "a handle is not valid"),
    401: Code(
        "CUDA_ERROR_ILLEGAL_STATE",
        "the operation cannot be performed in the present state",
        "a resource is not in a valid state",
    ),
    500: Code("CUDA_ERROR_NOT_FOUND", "named symbol not found", "a named symbol was not found"),
    600: Code("CUDA_ERROR_NOT_READY", "device not ready", "operations issued before have not completed"),
    700: Code(
        "CUDA_ERROR_ILLEGAL_ADDRESS",
        "an illegal memory access was encountered",
        "a kernel accessed an invalid address; the process can no longer use the GPU",
        RESTART_PROGRAM,
    ),
    701: Code(
        "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
        "too many resources requested for launch",
        "a kernel needs more resources of the GPU than there are",
    ),
    702: Code(
        "CUDA_ERROR_LAUNCH_TIMEOUT",
        "the launch timed out and was terminated",
        "a kernel ran longer than the time limit of a GPU that also drives a display",
        'compute on a GPU without a display, or switch the limit off: Option "Interactive" "0" in xorg.conf',
    ),
    710: Code("CUDA_ERROR_ASSERT", "device-side assert triggered", "an assertion in a kernel failed", RESTART_PROGRAM),
    714: Code("CUDA_ERROR_HARDWARE_STACK_ERROR", "hardware stack error", "a kernel had a stack error", RESTART_PROGRAM),
    715: Code(
        "CUDA_ERROR_ILLEGAL_INSTRUCTION",
        "an illegal instruction was encountered",
        "a kernel contains an instruction that the GPU does not know",
        RESTART_PROGRAM,
    ),
    716: Code(
        "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address", "a kernel used a misaligned address", RESTART_PROGRAM
    ),
    717: Code(
        "CUDA_ERROR_INVALID_ADDRESS_SPACE",
        "operation not supported on global/shared address space",
        "a kernel used an address of another memory space",
        RESTART_PROGRAM,
    ),
    718: Code(
        "CUDA_ERROR_INVALID_PC", "invalid program counter", "a kernel's program counter is invalid", RESTART_PROGRAM
    ),
    719: Code(
        "CUDA_ERROR_LAUNCH_FAILED",
        "unspecified launch failure",
        "an exception occurred in a kernel; the process can no longer use the GPU",
        RESTART_PROGRAM,
    ),
    800: Code("CUDA_ERROR_NOT_PERMITTED", "operation not permitted", "the operation is not permitted", SHOW_LOG),
    801: Code(
        "CUDA_ERROR_NOT_SUPPORTED",
        "operation not supported",
        "this system or GPU does not support the operation; on a virtual GPU its profile does not",
        f"if this is a virtual GPU: {VGPU_HINT}; otherwise {SHOW_LOG}",
        "gpu/vgpu",
    ),
    802: Code(
        "CUDA_ERROR_SYSTEM_NOT_READY",
        "system not yet initialized",
        "a driver service that the GPUs need is not running: the Fabric Manager, for those connected by NVSwitch",
        "sudo systemctl enable --now nvidia-fabricmanager, on the host; its version must be the driver's",
        "gpu/fabric-manager",
    ),
    803: Code(
        "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        "system has unsupported display driver / cuda driver combination",
        "the versions of the kernel driver and of libcuda do not match",
        "sudo reboot, on the host, if its driver was updated",
        "gpu/driver-mismatch",
    ),
    804: Code(
        "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
        "forward compatibility was attempted on non supported HW",
        "cuda-compat, a newer libcuda in the image, does not support this GPU",
        "update the host's driver; or remove cuda-compat from the image",
        "gpu/compat-library",
    ),
    805: Code(
        "CUDA_ERROR_MPS_CONNECTION_FAILED",
        "MPS client failed to connect to the MPS control daemon or the MPS server",
        "the program cannot reach the daemon of NVIDIA's Multi-Process Service (MPS)",
        MPS_HINT,
        _MPS,
    ),
    806: Code(
        "CUDA_ERROR_MPS_RPC_FAILURE",
        "the remote procedural call between the MPS server and the MPS client failed",
        "a call between the MPS server and this program failed: often their versions or users differ",
        MPS_RESTART,
        _MPS,
    ),
    807: Code(
        "CUDA_ERROR_MPS_SERVER_NOT_READY",
        "the MPS server is not ready to accept new MPS client requests",
        "the MPS server accepts no programs now: it recovers from a fatal failure of another one",
        f"wait and repeat; otherwise {MPS_RESTART}",
        _MPS,
    ),
    808: Code(
        "CUDA_ERROR_MPS_MAX_CLIENTS_REACHED",
        "the hardware resources required to create MPS client have been exhausted",
        "the MPS server has no place for another program",
        "stop another program that uses MPS (echo get_client_list PID | nvidia-cuda-mps-control lists them)",
        _MPS,
    ),
    809: Code(
        "CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED",
        "the hardware resources required to support device connections have been exhausted",
        "the GPU has no connection left for another MPS program",
        "stop another program that uses MPS, or lower CUDA_DEVICE_MAX_CONNECTIONS",
        _MPS,
    ),
    810: Code(
        "CUDA_ERROR_MPS_CLIENT_TERMINATED",
        "the MPS client has been terminated by the server",
        "the MPS server terminated this program",
        f"restart the kernel or program; if it happens again: {MPS_RESTART}",
        _MPS,
    ),
    811: Code(
        "CUDA_ERROR_CDP_NOT_SUPPORTED",
        "the module is using CUDA Dynamic Parallelism, but the current configuration, like MPS, does not support it",
        "a kernel starts kernels itself, which MPS does not support",
        "remove CUDA_MPS_PIPE_DIRECTORY from env in envkit.yaml: compute without MPS",
        _MPS,
    ),
    909: Code("CUDA_ERROR_TIMEOUT", "wait operation timed out", "waiting for the GPU took too long"),
    911: Code("CUDA_ERROR_EXTERNAL_DEVICE", "an async error has occurred in external entity", "another device failed"),
    999: Code(
        "CUDA_ERROR_UNKNOWN",
        "unknown error",
        "an unknown error inside the driver; most often nvidia_uvm does not answer, for instance after a suspension",
        UVM_HINT,
        "gpu/uvm",
    ),
}

NVML: Mapping[int, Code] = {
    1: Code("NVML_ERROR_UNINITIALIZED", "Uninitialized", "NVML was not initialized"),
    3: Code("NVML_ERROR_NOT_SUPPORTED", "Not Supported", "the GPU does not support the request"),
    4: Code(
        "NVML_ERROR_NO_PERMISSION",
        "Insufficient Permissions",
        "the user may not access the driver",
        "sudo chmod a+rw /dev/nvidia*, on the host",
        "gpu/nodes-forbidden",
    ),
    6: Code("NVML_ERROR_NOT_FOUND", "Not Found", "the requested GPU or object was not found"),
    8: Code(
        "NVML_ERROR_INSUFFICIENT_POWER",
        "Insufficient External Power",
        "the GPU's power cables are not attached",
        "connect the power cables of the GPU",
        _HARDWARE,
    ),
    9: Code(
        "NVML_ERROR_DRIVER_NOT_LOADED",
        "Driver Not Loaded",
        "the NVIDIA kernel module is not loaded on the host",
        "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0, on the host; if that fails: sudo reboot",
        "gpu/module-not-loaded",
    ),
    10: Code("NVML_ERROR_TIMEOUT", "Timeout", "the driver did not answer in time", SHOW_LOG),
    11: Code(
        "NVML_ERROR_IRQ_ISSUE",
        "Interrupt Request Issue",
        "the kernel has a problem with the GPU's interrupts",
        REBOOT,
        _HARDWARE,
    ),
    12: Code("NVML_ERROR_LIBRARY_NOT_FOUND", "NVML Shared Library Not Found", "a part of NVML was not found"),
    13: Code("NVML_ERROR_FUNCTION_NOT_FOUND", "Function Not Found", "the driver lacks a function that was called"),
    14: Code(
        "NVML_ERROR_CORRUPTED_INFOROM",
        "Corrupted infoROM",
        "the GPU's infoROM is damaged: a hardware error",
        "have the GPU checked by its vendor; its infoROM is damaged",
        _HARDWARE,
    ),
    15: Code(
        "NVML_ERROR_GPU_IS_LOST",
        "GPU is lost",
        "the GPU fell off the bus or became inaccessible",
        REBOOT,
        _HARDWARE,
    ),
    16: Code(
        "NVML_ERROR_RESET_REQUIRED",
        "GPU requires reset",
        "the GPU needs a reset before it can be used again",
        RESET,
        _HARDWARE,
    ),
    17: Code(
        "NVML_ERROR_OPERATING_SYSTEM",
        "The operating system has blocked the request",
        "the operating system or a control group blocks the GPU",
        "envkit down && envkit up --gpu: systemctl daemon-reload on the host resets the device rules of containers",
        "gpu/nodes-denied",
    ),
    18: Code(
        "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
        "Driver/library version mismatch",
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot, on the host",
        "gpu/driver-mismatch",
    ),
    19: Code("NVML_ERROR_IN_USE", "In use by another client", "another client uses the GPU"),
    20: Code("NVML_ERROR_MEMORY", "Insufficient Memory", "the host has too little memory", "free -m on the host"),
    23: Code("NVML_ERROR_INSUFFICIENT_RESOURCES", "Insufficient Resources", "a resource is exhausted"),
    27: Code("NVML_ERROR_NOT_READY", "Not Ready", "the GPU or the system is not ready yet", SHOW_LOG),
    28: Code("NVML_ERROR_GPU_NOT_FOUND", "No GPUs found", "no GPU was found"),
    999: Code("NVML_ERROR_UNKNOWN", "Unknown Error", "an unknown error inside the driver"),
}

# Other texts of a code, from other releases of CUDA.
_OTHER_TEXTS = {"all cuda-capable devices are busy or unavailable": 46, "gpu requires restart": 16}
_NAME = re.compile(r"\b(?:CUDA_ERROR|NVML_ERROR|ERROR)_[A-Z_]+\b", re.ASCII)
_BY_NAME = {code.name: code for table in (CUDA, NVML) for code in table.values()}
# Texts that are ordinary words elsewhere; only a code's number or name counts for them.
_COMMON_TEXTS = frozenset(
    {"invalid argument", "out of memory", "file not found", "operation not permitted", "unknown error", "not found"}
    | {"operation not supported", "initialization error", "device not ready", "timeout", "not ready", "not supported"}
    | {"uninitialized", "driver shutting down", "invalid resource handle", "in use by another client"}
)


def find_code(text: str) -> Code | None:
    """Find the first CUDA code that a log or an exception names, by its name or by NVIDIA's text."""
    named = next((code for name in _NAME.findall(text) if (code := _BY_NAME.get(name))), None)
    if named:
        return named
    lower = text.lower()
    if other := next((number for phrase, number in _OTHER_TEXTS.items() if phrase in lower), None):
        return CUDA.get(other) or NVML.get(other)
    known = (code for code in CUDA.values() if code.text.lower() not in _COMMON_TEXTS)
    return next((code for code in known if code.text.lower() in lower), None)


def find_text(text: str, *, nvml: bool) -> Code | None:
    """Find the code that a program of NVIDIA printed by its text or its short name."""
    wanted = text.lower().removeprefix("error_").replace("_", " ")
    for code in (NVML if nvml else CUDA).values():
        name = re.sub(r"^(CUDA|NVML)_ERROR_", "", code.name).lower().replace("_", " ")
        if wanted.startswith((code.text.lower(), name)):
            return code
    return None
