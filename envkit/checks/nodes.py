"""What opening the NVIDIA device nodes says. The error number tells four faults apart that look alike elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.checks.toolkit import CONFIGURE
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

OPEN = "ok"
FAULTS = {
    "ENOENT": "gpu/nodes-missing",
    "ENXIO": "gpu/module-not-loaded",
    "EPERM": "gpu/nodes-denied",
    "EACCES": "gpu/nodes-forbidden",
}
CONTROL, MEMORY = "/dev/nvidiactl", "/dev/nvidia-uvm"
UNHEARD = f"envkit down && envkit up --gpu; where that changes nothing: {CONFIGURE}, on the host"
_GPU = re.compile(r"/dev/nvidia[0-9]+", re.ASCII)
_NOT_ASKED = frozenset({"", "void", "none"})


def fault(observations: Sequence[Observation]) -> Finding | None:
    """Return what is wrong with the device nodes, or None if they open or were not looked at."""
    seen = look.table(look.data(observations, "gpu.nodes"), "nodes")
    if not seen:
        return None
    path, answer = _first_closed(seen)
    if not path:
        return None
    check = FAULTS.get(answer, "gpu/nodes-unknown")
    cause, mend = _better(observations, path, check)
    return finding(check, f"opening {path} says {line(answer)}", cause=cause, mend=mend, data={"nodes": dict(seen)})


def _first_closed(seen: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first needed node that does not open, and what it says. One open GPU is enough."""
    gpus = {path: look.text(seen, path) for path in seen if _GPU.fullmatch(path)}
    needed = {CONTROL: look.text(seen, CONTROL) or "ENOENT"}
    if OPEN not in gpus.values():
        needed |= gpus or {"/dev/nvidia0": "ENOENT"}
    needed[MEMORY] = look.text(seen, MEMORY) or "ENOENT"
    return next(((path, answer) for path, answer in needed.items() if answer != OPEN), ("", OPEN))


def _better(observations: Sequence[Observation], path: str, check: str) -> tuple[str | None, str | None]:
    """Return a cause and a mend that know more than the table, where there is more to know."""
    if check != "gpu/nodes-missing":
        return None, None
    if path == MEMORY:
        return "the kernel module nvidia_uvm was not loaded when the container was started", (
            "sudo nvidia-modprobe -u -c=0, on the host, then: envkit down && envkit up --gpu"
        )
    asked = look.table(look.data(observations, "gpu.variables"), "variables").get("NVIDIA_VISIBLE_DEVICES")
    if isinstance(asked, str) and asked in _NOT_ASKED:
        return f"NVIDIA_VISIBLE_DEVICES is {asked!r}: the container asks for no GPU", None
    if isinstance(asked, str):
        return f"NVIDIA_VISIBLE_DEVICES is {asked!r}, and no toolkit of NVIDIA's heard it", UNHEARD
    return None, None
