"""Find the lines of TensorFlow's log that may explain a fault: without its harmless warnings, and without dates."""

from __future__ import annotations

import re

from envkit.sanitize import single_line

# Lines that healthy machines print as well.
_HARMLESS = re.compile(
    r"NUMA node|Unable to register cu(?:DNN|BLAS|FFT) factory|(?:cuDNN|cuBLAS|cuFFT|cudnn|cublas|cufft)_? factory"
    r"|computation_placer|already (?:been )?registered|TF-TRT|TensorRT|tensorrt|nvinfer|pinned host memory"
    r"|bytes on host|on host: CUDA_ERROR_OUT_OF_MEMORY|host allocat|oneDNN|cpu_feature_guard|rebuild TensorFlow with"
    r"|TF_FORCE_GPU_ALLOW_GROWTH|TF_ENABLE_ONEDNN_OPTS|absl::InitializeLog|Overriding orig_value"
    r"|Created device|Created TensorFlow device|XLA service|StreamExecutor device|libdevice|ptxas"
    r"|could not find cuda drivers on your machine",
    re.IGNORECASE,
)
_DATE = re.compile(r"^(?:\S+ \S+: (?=[IWEF] )|\d{4}-\S+ \S+: )", re.ASCII)
_FATAL_PREFIX = re.compile(r"^(?:F\d{4} \S+|\S+ \S+: F) ", re.ASCII)
_FATAL = re.compile(
    r"^(?:F\d{4} .*|\S+ \S+: F .*|Could not load library libcudnn.*|Unable to load any of \{libcudnn.*"
    r"|Invalid handle\. Cannot load symbol cudnn.*)$",
    re.ASCII | re.MULTILINE,
)
_ERROR = re.compile(r"^(?:[EF]\d{4} .*|\S+ \S+: [EF] .*|[EF] \S+\].*)$", re.ASCII | re.MULTILINE)
_PROBLEM = re.compile(r"^(?:[EFW]\d{4} .*|\S+ \S+: [EFW] .*|[EFW] \S+\].*)$", re.ASCII | re.MULTILINE)


def explaining_text(log: str) -> str:
    """Return a log without the lines that explain nothing."""
    return "\n".join(line for line in log.splitlines() if not _HARMLESS.search(line))


def fatal_line(log: str) -> str:
    """Return the last fatal line, which is the reason of an abort; empty if there is none."""
    lines = _FATAL.findall(log)
    return lines[-1] if lines else ""


def last_error(log: str) -> str:
    """Return the last error that may explain something, without its date; a warning is none."""
    lines = _ERROR.findall(explaining_text(log))
    return single_line(_DATE.sub("", lines[-1])) if lines else ""


def last_problem(log: str) -> str:
    """Return the last error or warning that may explain something, without its date; empty if there is none."""
    lines = _PROBLEM.findall(explaining_text(log))
    return single_line(_DATE.sub("", lines[-1])) if lines else ""


def strip_fatal(line: str, limit: int) -> str:
    """Return a fatal line without its date and severity."""
    return single_line(_FATAL_PREFIX.sub("", line), limit)
