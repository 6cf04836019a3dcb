"""Count the programs of a container that the kernel killed because its memory limit was reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.errors import EnvkitError

if TYPE_CHECKING:
    from envkit.backends.backend import Backend

TIMEOUT_S = 10.0
# Of cgroup version 2, then 1: the counter and the limit.
FILES = (
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.oom_control",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
LIMIT_MAX_MIB = 1 << 30  # a larger number means no limit


def describe(backend: Backend, container: str) -> str:
    """Return one line that names the memory limit if programs were killed for it since the start; else empty."""
    count, limit_mib = read(backend, container)
    if not count:
        return ""
    programs = "a program" if count == 1 else f"{count} programs"
    limit = f", {limit_mib} MiB," if limit_mib else ""
    return (
        f"out of memory: the kernel has killed {programs} of this workspace, whose limits.memory{limit} was reached; "
        "raise limits.memory in envkit.yaml, or use less memory"
    )


def read(backend: Backend, container: str) -> tuple[int, int]:
    """Return the number of killed programs since the container started, and the limit in MiB; 0 if unknown."""
    lines: list[str] = []
    try:
        backend.run_script(container, ("/bin/cat", *FILES), "", lines.append, limit_s=TIMEOUT_S)
    except EnvkitError:
        return 0, 0
    counts = [int(match[1]) for line in lines if (match := re.fullmatch(r"oom_kill ([0-9]{1,18})", line))]
    limits = [int(line) >> 20 for line in lines if re.fullmatch(r"[0-9]{1,20}", line)]
    return max(counts, default=0), next((limit for limit in limits if limit < LIMIT_MAX_MIB), 0)
