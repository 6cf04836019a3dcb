"""Rules of resource limits, with functions like those in `fields`."""

from __future__ import annotations

import re
from typing import Any

from envkit.config.display import describe
from envkit.config.invalid_value import InvalidValueError

SIZE = r"[1-9][0-9]{0,7}[mMgG]"
PROCESSOR_MINIMUM = 0.01  # the engine counts in billionths, and 0 means no limit
PROCESSOR_LIMIT = 4096
MEMORY_MINIMUM_MIB = 512  # JupyterLab and a notebook kernel that imports TensorFlow
SHARED_MEMORY_MINIMUM_MIB = 64  # the engine's default
PROCESS_MINIMUM = 64
PROCESS_LIMIT = 4_194_304  # limit of the Linux kernel


def processors(value: float) -> float:
    """Accept a CPU count, whole or fractional."""
    if PROCESSOR_MINIMUM <= value <= PROCESSOR_LIMIT:
        return value
    hint = f"use {PROCESSOR_MINIMUM} to {PROCESSOR_LIMIT}, such as 4 or 0.5"
    raise InvalidValueError(f"invalid CPU count {value}; {hint}")


def processes(value: int) -> int:
    """Accept a limit of processes and threads that is sufficient for a notebook server."""
    if PROCESS_MINIMUM <= value <= PROCESS_LIMIT:
        return value
    hint = f"use {PROCESS_MINIMUM} to {PROCESS_LIMIT}, such as 4096"
    raise InvalidValueError(f"invalid process limit {value}; {hint}")


def size(value: Any) -> str:
    """Accept an amount of memory such as 512m or 16g."""
    if isinstance(value, str) and re.fullmatch(SIZE, value):
        return value
    raise InvalidValueError(
        f"expected a size such as 512m or 16g, got {describe(value)}; use a whole number followed by m or g"
    )


def memory(value: Any) -> str:
    """Accept an amount of memory that is sufficient for a notebook server."""
    return _check_minimum(size(value), MEMORY_MINIMUM_MIB)


def shared_memory(value: Any) -> str:
    """Accept an amount of shared memory not below the engine's default."""
    return _check_minimum(size(value), SHARED_MEMORY_MINIMUM_MIB)


def _check_minimum(value: str, minimum_mib: int) -> str:
    if mebibytes(value) < minimum_mib:
        raise InvalidValueError(f"{value} is too small for a workspace; use {minimum_mib}m or more")
    return value


def mebibytes(value: str) -> int:
    """Convert a size such as `16g` to MiB.

    Raises:
        InvalidValueError: The value is not a size.
    """
    number, unit = int(size(value)[:-1]), value[-1].lower()
    return number * 1024 if unit == "g" else number
