"""Activity of a container, which shows whether it makes progress."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """What a container has done so far.

    Attributes:
        cpu_s: CPU time it has used, seconds.
        log_position: Value that changes with each line it prints.
    """

    cpu_s: float
    log_position: str
