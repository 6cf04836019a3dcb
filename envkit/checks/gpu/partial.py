"""Compare the GPUs that were requested with those whose node opens, that NVML lists, and that TensorFlow lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import codes, driver, visibility
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

_GPU_NODE = re.compile(r"/dev/nvidia[0-9]{1,3}", re.ASCII)
_ALL = frozenset({"all", "", "void", "none"})


def find_differences(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    """Warn about GPUs that were requested and that TensorFlow does not list; None if there is none."""
    broken = list(_broken_gpus(observations))
    missing = list(_missing_gpus(observations, release, is_explained=bool(broken)))
    if not broken and not missing:
        return None
    code = _first_code(observations)
    return make_finding(
        "gpu/partial",
        "; ".join((*broken, *missing)),
        cause=code.meaning if code else None,
        hint=(code.hint if code else "") or None,
        data={"nodes": dict(obs.table(obs.data(observations, "gpu.nodes"), "nodes"))},
    )


def _broken_gpus(observations: Sequence[Observation]) -> Iterator[str]:
    """Yield each GPU that NVML cannot read, and each node that does not open."""
    for gpu in obs.tables(obs.data(observations, "gpu.nvml"), "gpus"):
        if obs.number(gpu.get("code")):
            yield visibility.describe_broken(gpu)
    nodes = obs.table(obs.data(observations, "gpu.nodes"), "nodes")
    for path in nodes:
        if _GPU_NODE.fullmatch(path) and obs.text(nodes, path) != "ok":
            yield f"opening {path} fails with {single_line(obs.text(nodes, path))}"


def _missing_gpus(observations: Sequence[Observation], release: Release | None, *, is_explained: bool) -> Iterator[str]:
    """Yield the differences between the numbers of GPUs, unless a broken one explains them."""
    listed = len(obs.tables(obs.data(observations, "tensorflow.devices"), "gpus"))
    variables = visibility.env_variables(observations)
    visible = variables.get(visibility.VISIBLE_DEVICES)
    nvml = len(obs.tables(obs.data(observations, "gpu.nvml"), "gpus"))
    cuda_gpus = obs.tables(obs.data(observations, "gpu.cuda"), "gpus")
    too_old = [single_line(name) for name in driver.old_gpus(observations, release)]
    requested = _requested(variables.get("NVIDIA_VISIBLE_DEVICES"))
    for name in too_old:
        yield f"{name} is too old for this TensorFlow"
    if is_explained or too_old:
        return
    if nvml and requested > nvml:
        yield f"{requested} GPUs were requested, and NVML lists {nvml}"
    if isinstance(visible, str):
        if nvml > listed and _is_incomplete(visible, listed):
            yield f"CUDA_VISIBLE_DEVICES is {single_line(visible)!r}, and TensorFlow lists {listed} of {nvml} GPUs"
    elif max(len(cuda_gpus), _countable(observations)) > listed:
        yield (
            f"NVML lists {nvml} GPUs, the driver counts {len(cuda_gpus)}, and TensorFlow lists {listed}"
            if nvml
            else f"the driver counts {len(cuda_gpus)} GPUs, and TensorFlow lists {listed}"
        )


def _countable(observations: Sequence[Observation]) -> int:
    """Return how many of NVML's GPUs the driver should count: a GPU in MIG mode may have any number of instances."""
    gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    return 0 if any(gpu.get("mig") is True for gpu in gpus) else len(gpus)


def _requested(setting: object) -> int:
    """Return how many GPUs NVIDIA_VISIBLE_DEVICES names; 0 if it names none or all."""
    return len(setting.split(",")) if isinstance(setting, str) and setting not in _ALL else 0


def _is_incomplete(visible: str, listed: int) -> bool:
    """Return whether CUDA_VISIBLE_DEVICES names more GPUs than TensorFlow lists: an entry of it is invalid."""
    return len([entry for entry in visible.split(",") if entry.strip()]) > listed


def _first_code(observations: Sequence[Observation]) -> codes.Code | None:
    answers = (obs.number(gpu.get("code")) for gpu in obs.tables(obs.data(observations, "gpu.nvml"), "gpus"))
    return next((code for answer in answers if answer and (code := codes.NVML.get(int(answer)))), None)
