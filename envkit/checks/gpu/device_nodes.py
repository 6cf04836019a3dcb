"""Judge the NVIDIA device nodes. The error number of `open` separates four faults that look alike elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu.engine_errors import CONFIGURE_TOOLKIT
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

OPEN = "ok"
ERRNO_CHECKS = {
    "ENOENT": "gpu/nodes-missing",
    "ENXIO": "gpu/module-not-loaded",
    "EPERM": "gpu/nodes-denied",
    "EACCES": "gpu/nodes-forbidden",
    "EIO": "gpu/hardware-error",
    "ENODEV": "gpu/none-left",
}
ERRNO_CAUSES = {
    "gpu/hardware-error": "the driver cannot initialize this GPU: it fell off the bus, is broken, or "
    "needs the other kind "
    "of kernel module (GPUs from Blackwell on need NVIDIA's open one)",
    "gpu/none-left": "the driver has no GPU for this node: it was removed, or assigned to a virtual machine",
}
CONTROL_NODE, UVM_NODE = "/dev/nvidiactl", "/dev/nvidia-uvm"
TOOLKIT_HINT = f"envkit down && envkit up --gpu; if that changes nothing: {CONFIGURE_TOOLKIT}, on the host"
_GPU_NODE = re.compile(r"/dev/nvidia[0-9]+", re.ASCII)
_NO_GPU_VALUES = frozenset({"", "void", "none"})


def find_fault(observations: Sequence[Observation]) -> Finding | None:
    """Find a fault of the device nodes; None if they open or were not checked."""
    nodes = obs.table(obs.data(observations, "gpu.nodes"), "nodes")
    if not nodes:
        return None
    path, answer = _first_closed(nodes)
    if not path:
        return None
    check_id = ERRNO_CHECKS.get(answer, "gpu/nodes-unknown")
    cause, hint = _refine_cause(observations, path, check_id)
    return make_finding(
        check_id,
        f"opening {path} fails with {single_line(answer)}",
        cause=cause,
        hint=hint,
        data={"nodes": dict(nodes)},
    )


def _first_closed(nodes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first needed node that does not open, and its error. One GPU that opens is enough."""
    gpus = {path: obs.text(nodes, path) for path in nodes if _GPU_NODE.fullmatch(path)}
    needed = {CONTROL_NODE: obs.text(nodes, CONTROL_NODE) or "ENOENT"}
    if OPEN not in gpus.values():
        needed |= gpus or {"/dev/nvidia0": "ENOENT"}
    needed[UVM_NODE] = obs.text(nodes, UVM_NODE) or "ENOENT"
    return next(((path, answer) for path, answer in needed.items() if answer != OPEN), ("", OPEN))


def _refine_cause(observations: Sequence[Observation], path: str, check_id: str) -> tuple[str | None, str | None]:
    """Return a more specific cause and hint than the check's, if there are any."""
    if check_id != "gpu/nodes-missing":
        return ERRNO_CAUSES.get(check_id), None
    if path == UVM_NODE:
        return "the kernel module nvidia_uvm was not loaded when the container was started", (
            "sudo nvidia-modprobe -u -c=0, on the host, then: envkit down && envkit up --gpu"
        )
    visible_devices = obs.table(obs.data(observations, "gpu.variables"), "variables").get("NVIDIA_VISIBLE_DEVICES")
    if isinstance(visible_devices, str) and visible_devices in _NO_GPU_VALUES:
        return f"NVIDIA_VISIBLE_DEVICES is {visible_devices!r}: the container requests no GPU", None
    if isinstance(visible_devices, str):
        return f"NVIDIA_VISIBLE_DEVICES is {visible_devices!r}, but no NVIDIA toolkit evaluated it", TOOLKIT_HINT
    return None, None
