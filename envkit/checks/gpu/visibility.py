"""Explain why the driver counts no GPU: a variable hides them, MIG has no instance, or there is none.

A variable is checked before anything else, because then nothing is wrong with the GPUs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import codes
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
# Values of CUDA_VISIBLE_DEVICES that hide every GPU. CUDA ignores everything from the first invalid entry on.
HIDING_VALUES = frozenset({"", "-1", "NoDevFiles", "none", "None", "void"})
_GPU_NODE = re.compile(r"/dev/nvidia[0-9]{1,3}", re.ASCII)
UUID_LENGTH_MIN = 5  # characters that identify a UUID, such as `GPU-1`


def env_variables(observations: Sequence[Observation]) -> Mapping[str, Any]:
    """Return the container's variables that select GPUs and libraries."""
    return obs.table(obs.data(observations, "gpu.variables"), "variables")


def explain_missing_gpus(observations: Sequence[Observation], message: str) -> Finding:
    """Find out what hides the GPUs from the driver."""
    nvml = obs.data(observations, "gpu.nvml")
    if hidden := explain_variable(observations, message):
        return hidden
    value = env_variables(observations).get(VISIBLE_DEVICES)
    message += f"; {VISIBLE_DEVICES} is {single_line(value)!r}" if isinstance(value, str) else ""
    return _explain_broken(nvml, message) or _explain_mig(nvml, message) or _explain_unlisted(nvml, message)


def explain_variable(observations: Sequence[Observation], message: str) -> Finding | None:
    """Explain a CUDA_VISIBLE_DEVICES that hides every GPU; None if it does not, or is not set."""
    value = env_variables(observations).get(VISIBLE_DEVICES)
    if not isinstance(value, str):
        return None
    gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    first = value.split(",")[0].strip()
    count = len(gpus) or _count_nodes(observations)
    cause = f"{VISIBLE_DEVICES} hides all GPUs" if first in HIDING_VALUES else _explain_first_entry(first, gpus, count)
    if not cause:
        return None
    seen = f"NVML lists {len(gpus)}, but {message}" if gpus else message
    return make_finding("gpu/hidden", f"{seen}; {VISIBLE_DEVICES} is {single_line(value)!r}", cause=cause)


def _count_nodes(observations: Sequence[Observation]) -> int:
    """Return the number of GPUs whose node opens; 0 if the nodes were not checked."""
    nodes = obs.table(obs.data(observations, "gpu.nodes"), "nodes")
    return sum(bool(_GPU_NODE.fullmatch(path)) and obs.text(nodes, path) == "ok" for path in nodes)


def _explain_first_entry(first: str, gpus: Sequence[Mapping[str, Any]], count: int) -> str:
    """Explain why the first entry of CUDA_VISIBLE_DEVICES hides every GPU, or return an empty string if it does not."""
    if first.startswith("MIG-"):
        return _explain_mig_name(first, gpus)
    if first.isdecimal() and first.isascii() and count:
        is_known = len(first) < 4 and int(first) < count
        return "" if is_known else f"{VISIBLE_DEVICES} names GPU {first[:20]}, and the highest number is {count - 1}"
    if not gpus:
        return ""  # nothing is known about the GPUs that the entry could name
    if first.startswith("GPU-"):
        uuids = [obs.text(gpu, "uuid") for gpu in gpus]
        if any(len(uuid) < UUID_LENGTH_MIN or first.startswith(uuid) or uuid.startswith(first) for uuid in uuids):
            return ""
        return f"{VISIBLE_DEVICES} names a GPU by a UUID that no GPU of this container has"
    return f"{VISIBLE_DEVICES} begins with {single_line(first)!r}, which is no GPU: CUDA ignores all that follows"


def _explain_mig_name(first: str, gpus: Sequence[Mapping[str, Any]]) -> str:
    instances = [uuid for gpu in gpus for uuid in obs.texts(gpu, "mig_instances")]
    if any(first.startswith(uuid) for uuid in instances):
        return ""
    known = f"; those there are: {', '.join(map(single_line, instances))}" if instances else ""
    return (
        f"{VISIBLE_DEVICES} names a MIG instance that does not exist (any more): an instance gets a new UUID each time "
        f"it is created{known}"
    )


def _explain_broken(nvml: Mapping[str, Any], message: str) -> Finding | None:
    """Explain GPUs none of which answers NVML, or an NVML that answers only a code."""
    gpus = obs.tables(nvml, "gpus")
    broken = [gpu for gpu in gpus if obs.number(gpu.get("code"))]
    if broken and len(broken) == len(gpus):
        code = codes.NVML.get(int(obs.number(broken[0].get("code")) or 0))
        answers = "; ".join(describe_broken(gpu) for gpu in broken)
        check = code.check if code and code.check else "gpu/driver-unknown"
        return make_finding(
            check,
            f"{message}; {answers}",
            cause=code.meaning if code else None,
            hint=(code.hint if code else "") or None,
        )
    answer = nvml.get("code")
    if isinstance(answer, int) and answer != 0:
        code = codes.NVML.get(answer)
        meaning = f" {code.name}: {code.meaning}" if code else ""
        return make_finding("gpu/driver-unknown", f"{message}; NVML answers {answer}{meaning}")
    if answer is None:
        error = single_line(obs.text(nvml, "error") or obs.error(nvml))
        suffix = f"NVML is not in the container to show more ({error})" if error else "NVML was not asked"
        return make_finding("gpu/driver-unknown", f"{message}; {suffix}")
    return None


def describe_broken(gpu: Mapping[str, Any]) -> str:
    """Describe a GPU that answers NVML only a code."""
    answer = int(obs.number(gpu.get("code")) or 0)
    code = codes.NVML.get(answer)
    meaning = f" {code.name}: {code.meaning}" if code else ""
    return single_line(f"GPU {gpu.get('index')} answers NVML {answer}{meaning}")


def _explain_mig(nvml: Mapping[str, Any], message: str) -> Finding | None:
    """Explain a GPU in MIG mode; without a count of its instances, nothing is claimed about them."""
    gpus = [gpu for gpu in obs.tables(nvml, "gpus") if gpu.get("mig") is True]
    if not gpus:
        return None
    counted = [gpu for gpu in gpus if isinstance(gpu.get("mig_instances"), list)]
    if any(obs.texts(gpu, "mig_instances") for gpu in counted):
        return make_finding(
            "gpu/mig-empty",
            f"{message}; MIG is on, and NVML lists instances",
            cause="no MIG instance was passed to this container: the nodes in /dev/nvidia-caps are missing or closed",
            hint="nvidia-smi -L on the host lists the instances; sudo nvidia-ctk cdi generate --output=/etc/cdi/"
            "nvidia.yaml adds them to the CDI specification, then: envkit down && envkit up --gpu",
        )
    cause = (
        None if counted else "MIG is on; no instance exists, or none was passed to this container (not counted here)"
    )
    return make_finding("gpu/mig-empty", f"{message}; MIG is on", cause=cause)


def _explain_unlisted(nvml: Mapping[str, Any], message: str) -> Finding:
    gpus = obs.tables(nvml, "gpus")
    if not gpus:
        return make_finding("gpu/none-left", f"{message}; NVML lists none")
    return make_finding("gpu/driver-unknown", f"NVML lists {len(gpus)}, but {message}")
