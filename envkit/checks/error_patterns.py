"""Texts by which a cause is known. Only where nothing else tells: codes and error numbers come first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ErrorPattern:
    """A text that one cause alone leaves behind.

    Attributes:
        regex: What is searched for.
        cause: What it means; empty where the check that it names says so.
        hint: What helps, likewise.
        check: The check that it is, where there is one of its own.
    """

    regex: re.Pattern[str]
    cause: str = ""
    hint: str = ""
    check: str = ""


def find_pattern(text: str, patterns: Iterable[ErrorPattern]) -> ErrorPattern | None:
    """Return the first signature that a text bears."""
    return next((pattern for pattern in patterns if pattern.regex.search(text)), None)


IMPORT_ERRORS = (
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
        "nothing can be written to /tmp in the container: it is full, or read-only",
        "envkit exec -- df -h /tmp tells which; envkit down && envkit up gives an empty one",
    ),
)

# In TensorFlow's log, when it lists no GPU. What is named first makes the later ones appear as well.
GPU_NOT_LISTED = (
    ErrorPattern(
        re.compile(r"kernel version [0-9.]+ does not match DSO version [0-9.]+"),
        "the driver was updated and the old kernel module is still loaded",
        "sudo reboot",
    ),
    ErrorPattern(
        re.compile(r"CUDA_ERROR_STUB_LIBRARY|failed call to cuInit: UNKNOWN ERROR \(34\)"),
        "a stub of libcuda.so.1 inside the image stands before the driver's own library",
        "remove /etc/ld.so.conf.d/z-cuda-stubs.conf from the image, and stubs from LD_LIBRARY_PATH",
    ),
    ErrorPattern(
        re.compile(r"Could not load dynamic library 'libcuda\.so\.1'"),
        "the driver's library libcuda.so.1 was not brought into the container",
        "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu",
    ),
    ErrorPattern(
        re.compile(r"Cannot dlopen some GPU libraries"),
        "CUDA or cuDNN libraries are missing in the image, or are not where the loader looks",
        "install the libraries that TensorFlow's log names, then run ldconfig",
    ),
    ErrorPattern(
        re.compile(r"The minimum required Cuda capability is [0-9.]+"),
        "this GPU is older than this TensorFlow release supports",
        "use a newer GPU or an older TensorFlow; or envkit up --no-gpu to work on the CPU",
    ),
)

# In what an operation on a GPU raises, or in the last words of a process that it ended. In order: what a library could
# not do for want of memory is said of the library as well.
OPERATION_ERRORS = (
    ErrorPattern(
        re.compile(
            r"CUDA_ERROR_OUT_OF_MEMORY|ResourceExhaustedError|Dst tensor is not initialized"
            r"|Failed to allocate scratch buffer|C(UDNN|UBLAS)_STATUS_ALLOC_FAILED"
        ),
        check="gpu/memory-taken",
    ),
    ErrorPattern(re.compile(r"Could not load library libcudnn_\w+\.so"), check="gpu/cudnn-incomplete"),
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
        "the driver answers in part: its libraries in the container and its kernel module do not work together",
        "nvidia-smi on the host tells whether it works there; then: envkit down && envkit up --gpu, or sudo reboot",
    ),
)

PTX_COMPILATION = ErrorPattern(
    re.compile(r"CUDA kernels will be jit-compiled from PTX"),
    "this GPU is newer than this TensorFlow release: its kernels are compiled at first use, which can take "
    "half an hour",
    "choose a TensorFlow release that knows this GPU, in envkit.yaml; or let a first run take its time",
)
# In TensorFlow's log, when an operation on a GPU takes too long.
TIMEOUTS = (PTX_COMPILATION,)
