"""Recognize causes by error texts. A last resort: return codes and error numbers come first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ErrorPattern:
    """A text that only one cause produces.

    Attributes:
        regex: Pattern to search for.
        cause: Cause; empty to use that of the check.
        hint: Hint; empty to use that of the check.
        check: Id of its own check, or empty.
    """

    regex: re.Pattern[str]
    cause: str = ""
    hint: str = ""
    check: str = ""


def find_pattern(text: str, patterns: Iterable[ErrorPattern]) -> ErrorPattern | None:
    """Return the first pattern that matches a text."""
    return next((pattern for pattern in patterns if pattern.regex.search(text)), None)


_GENCODE = re.compile(r"gencode (?P<version>(?P<major>[0-9]{1,3})\.[0-9.]{1,20}[0-9])", re.ASCII)


def protobuf_requirement(text: str) -> str:
    """Return the protobuf versions that the code named in an error accepts, or an empty string.

    Protobuf's runtime accepts code that was generated with its own major version or the one before.
    """
    match = _GENCODE.search(text)
    return f"protobuf>={match['version']},<{int(match['major']) + 2}" if match else ""


IMPORT_ERRORS = (
    ErrorPattern(
        re.compile(r"Detected (mismatched|incompatible) Protobuf Gencode/Runtime"),
        "protobuf is older than the one that this TensorFlow release, or another package, was generated with",
        "in a notebook: %pip install --upgrade protobuf, in a version that pip check accepts",
    ),
    ErrorPattern(
        re.compile(r"Descriptors cannot (not )?be created directly"),
        "protobuf is newer than this TensorFlow release can use",
        'in a notebook: %pip install "protobuf>=3.19.6,<3.20"',
    ),
    ErrorPattern(
        re.compile(r"_ARRAY_API not found|compiled using NumPy 1\.x cannot be run in"),
        "numpy 2 is installed, and this TensorFlow release was built for numpy 1",
        'in a notebook: %pip install "numpy<2"',
    ),
    ErrorPattern(
        re.compile(r"No usable temporary directory found"),
        "the container's /tmp is full or read-only",
        "envkit exec -- df -h /tmp shows which; envkit down && envkit up creates an empty one",
    ),
)

# In TensorFlow's log if it lists no GPU. The first causes also produce the texts of later ones.
GPU_NOT_LISTED = (
    ErrorPattern(
        re.compile(r"kernel version [0-9.]+ does not match DSO version [0-9.]+"),
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot",
    ),
    ErrorPattern(
        re.compile(r"CUDA_ERROR_STUB_LIBRARY|failed call to cuInit: UNKNOWN ERROR \(34\)"),
        "a stub of libcuda.so.1 in the image hides the driver's own library",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
    ),
    ErrorPattern(
        re.compile(r"Could not load dynamic library 'libcuda\.so\.1'"),
        "the driver's library libcuda.so.1 was not mounted into the container",
        "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu",
    ),
    ErrorPattern(
        re.compile(r"Cannot dlopen some GPU libraries"),
        "CUDA or cuDNN libraries are missing in the image, or not on the loader's path",
        "install the libraries that TensorFlow's log names, then run ldconfig",
    ),
    ErrorPattern(
        re.compile(r"The minimum required Cuda capability is [0-9.]+"),
        "this GPU is older than this TensorFlow release supports",
        "use a newer GPU or an older TensorFlow; or envkit up --no-gpu to work on the CPU",
    ),
)

# In the exception of a GPU operation, or in the last log lines of a process that crashed. In order: if a library fails
# for lack of memory, the later texts about the library appear as well.
OPERATION_ERRORS = (
    ErrorPattern(
        re.compile(
            r"CUDA_ERROR_INVALID_PTX|a PTX JIT compilation failed|cuLaunchKernel[^\n]*CUDA_ERROR_INVALID_HANDLE"
            r"|C(UDNN|UBLAS)_STATUS_ARCH_MISMATCH"
        ),
        check="gpu/no-kernel",
    ),
    ErrorPattern(
        re.compile(
            r"CUDA_ERROR_OUT_OF_MEMORY|ResourceExhaustedError|Dst tensor is not initialized"
            r"|Failed to allocate scratch buffer|C(UDNN|UBLAS)_STATUS_ALLOC_FAILED"
        ),
        check="gpu/memory-taken",
    ),
    ErrorPattern(
        re.compile(r"CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH|CUDNN_STATUS_VERSION_MISMATCH"), check="gpu/cudnn-wrong"
    ),
    ErrorPattern(
        re.compile(
            r"Could not load library libcudnn\w*\.so|Unable to load any of \{libcudnn|Cannot load symbol cudnn"
            r"|CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED"
        ),
        check="gpu/cudnn-incomplete",
    ),
    ErrorPattern(
        re.compile(r"CUDA_ERROR_UNSUPPORTED_PTX_VERSION|PTX was compiled with an unsupported toolchain"),
        check="gpu/ptx-too-new",
    ),
    ErrorPattern(
        re.compile(
            r"device kernel image is invalid|no kernel image is available|CUDA_ERROR_(INVALID_IMAGE|NO_BINARY_FOR_GPU)"
        ),
        check="gpu/no-kernel",
    ),
    ErrorPattern(
        re.compile(
            r"C(UDNN|UBLAS)_STATUS_(INTERNAL_ERROR|NOT_INITIALIZED)|DNN library is not found|without BLAS support"
        ),
        check="gpu/library-fails",
    ),
    ErrorPattern(
        re.compile(r"cudaGetDevice\(\) failed"),
        "the driver answers only in part: its libraries in the container and its kernel module do not work together",
        "nvidia-smi on the host shows whether it works there; then: envkit down && envkit up --gpu, or sudo reboot",
    ),
)

PTX_COMPILATION = ErrorPattern(
    re.compile(r"CUDA kernels will be jit-compiled from PTX"),
    "this GPU is newer than this TensorFlow release: its kernels are compiled at first use, which can take "
    "30 minutes or longer",
    "choose a TensorFlow release that supports this GPU, in envkit.yaml (docs/reference/catalog.md lists "
    "them); or wait "
    "during the first run",
)
# In TensorFlow's log if an operation on a GPU takes too long.
TIMEOUTS = (PTX_COMPILATION,)
