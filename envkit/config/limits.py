"""How much a workspace may have; each function works as those in `fields`."""

from __future__ import annotations

import re
from typing import Any

from envkit.config.display import describe

SIZE = r"[1-9][0-9]{0,7}[mMgG]"
PROCESSOR_MINIMUM = 0.01  # the engine counts in billionths and takes 0 for no limit at all
PROCESSOR_LIMIT = 4096
MEMORY_MINIMUM_MIB = 512  # JupyterLab and a kernel that imports TensorFlow
SHARED_MEMORY_MINIMUM_MIB = 64  # what the engine gives where nothing is asked for
PROCESS_MINIMUM = 64
PROCESS_LIMIT = 4_194_304  # the kernel's own


def processors(value: float) -> float:
    """Accept a number of processors, or a part of one."""
    if PROCESSOR_MINIMUM <= value <= PROCESSOR_LIMIT:
        return value
    raise ValueError(f"{value} is no number of processors; write {PROCESSOR_MINIMUM} or more, such as 4 or 0.5")


def processes(value: int) -> int:
    """Accept a limit of processes and threads that a notebook server fits in."""
    if PROCESS_MINIMUM <= value <= PROCESS_LIMIT:
        return value
    raise ValueError(f"{value} is no limit of processes here; write {PROCESS_MINIMUM} to {PROCESS_LIMIT}, such as 4096")


def size(value: Any) -> str:
    """Accept an amount of memory such as 512m or 16g."""
    if isinstance(value, str) and re.fullmatch(SIZE, value):
        return value
    raise ValueError(f"expected a size such as 512m or 16g, got {describe(value)}; write a whole number and m or g")


def memory(value: Any) -> str:
    """Accept an amount of memory that a notebook server starts in."""
    return _check_minimum(size(value), MEMORY_MINIMUM_MIB)


def shared_memory(value: Any) -> str:
    """Accept an amount of shared memory that is worth having."""
    return _check_minimum(size(value), SHARED_MEMORY_MINIMUM_MIB)


def _check_minimum(value: str, minimum_mib: int) -> str:
    if mebibytes(value) < minimum_mib:
        raise ValueError(f"{value} is less than the workspace starts with; write {minimum_mib}m or more")
    return value


def mebibytes(value: str) -> int:
    """Return a size such as `16g` in MiB.

    Raises:
        ValueError: It is no size.
    """
    number, unit = int(size(value)[:-1]), value[-1].lower()
    return number * 1024 if unit == "g" else number
