"""Judge whether a GPU can be used, and if not, which layer fails: host, engine, image, container, TensorFlow.

The layers are checked in that order. Only the first fault is reported, because later ones follow from it.
A GPU that computed is usable, whatever the host inspection reported.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import error_patterns
from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.crash import find_crash
from envkit.checks.gpu import (
    codes,
    compute_failures,
    device_nodes,
    driver,
    log_lines,
    operations,
    partial,
    visibility,
    warnings,
)
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

# Faults that are known before anything is created: a machine without a usable GPU is no fault if none is required.
KNOWN_BEFORE = frozenset(
    {"gpu/wsl", "gpu/device-missing", "gpu/driver-missing", "gpu/driver-too-old", "gpu/engine-cannot", "gpu/cpu-build"}
)
_DEVICE = re.compile(r"GPU:[0-9]{1,4}", re.ASCII)
_DRIVER_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}", re.ASCII)


def preflight(
    *, required: bool, host: HostGpu, engine: EngineFacts | None, release: Release | None = None, gpu_build: bool = True
) -> Finding | None:
    """Judge what is known before anything is created.

    Args:
        required: Whether a run without a GPU is a failure; if not, a fault is a reason to skip.
        host: GPU facts of the host.
        engine: Engine facts, or None if no engine was asked.
        release: TensorFlow release to run, for the driver it needs.
        gpu_build: Whether the image holds TensorFlow's GPU build, or will.
    """
    fault = _find_host_fault(host, release) or _find_engine_fault(engine) or _find_image_fault(gpu_build=gpu_build)
    return _apply_requirement(fault, required=required, cpu_note="TensorFlow runs on the CPU") if fault else None


def check(
    observations: Sequence[Observation],
    *,
    required: bool,
    host: HostGpu,
    engine: EngineFacts | None = None,
    release: Release | None = None,
) -> tuple[Finding, ...]:
    """Judge the GPUs by the observations of the probe.

    Args:
        observations: Observations of the probe, in order.
        required: Whether a run without a GPU is a failure.
        host: GPU facts of the host.
        engine: Engine facts, or None if no engine was asked.
        release: TensorFlow release that runs, for the driver it needs.
    """
    usable_finding = _find_usable(observations)
    if usable_finding:
        differences = partial.find_differences(observations, release)
        return (usable_finding, *filter(None, [differences]), *warnings.collect_warnings(observations, release))
    fault = _find_fault(observations, host, engine, release)
    cpu_note = "" if operations.describe_fault(observations, "CPU:0") else "TensorFlow runs on the CPU"
    return (_apply_requirement(fault, required=required, cpu_note=cpu_note),)


def _find_fault(
    observations: Sequence[Observation], host: HostGpu, engine: EngineFacts | None, release: Release | None
) -> Finding:
    """Find the first fault. What was seen in the container outranks what the host's version suggests."""
    listed = bool(_gpus(observations))
    counted = bool(driver.compute_capabilities(observations)) and obs.data(observations, "gpu.cuda").get("code") == 0
    nodes_fault = None if listed else device_nodes.find_fault(observations)
    nodes_open = bool(obs.table(obs.data(observations, "gpu.nodes"), "nodes")) and not nodes_fault
    old_driver = None if listed or _is_driver_sufficient(observations, release) else _find_old_driver(host, release)
    is_cuda_build = obs.data(observations, "tensorflow.build").get("is_cuda_build")
    return (
        (None if listed or counted else _find_absent_driver(host))
        or (None if nodes_open else old_driver)
        or (None if nodes_open else _find_engine_fault(engine))
        or _find_image_fault(gpu_build=is_cuda_build is not False)
        or nodes_fault
        or driver.find_fault(observations, release)
        or old_driver
        or _find_tensorflow_fault(observations, release)
    )


def _is_driver_sufficient(observations: Sequence[Observation], release: Release | None) -> bool:
    """Return whether the driver that answered in the container supports the release's CUDA; also by cuda-compat."""
    cuda = obs.data(observations, "gpu.cuda")
    version = obs.number(cuda.get("cuda")) if cuda.get("code") == 0 else None
    if release is None or not version:
        return False
    return int(version) // 1000 >= int(release.cuda.split(".")[0])


def _apply_requirement(fault: Finding, *, required: bool, cpu_note: str) -> Finding:
    """Adapt the status of a fault to this run: failure, warning, or a reason to run without a GPU.

    `cpu_note` reports whether TensorFlow works on the CPU, as far as known.
    """
    if required:
        return fault
    if fault.check in KNOWN_BEFORE:
        return replace(fault, status=Verdict.SKIPPED, detail="; ".join(filter(None, (fault.detail, cpu_note))), hint="")
    return replace(fault, status=Verdict.SKIPPED if fault.check == "gpu/not-probed" else Verdict.WARNED)


def _find_host_fault(host: HostGpu, release: Release | None) -> Finding | None:
    return _find_absent_driver(host) or _find_old_driver(host, release)


def _find_absent_driver(host: HostGpu) -> Finding | None:
    if host.wsl and not host.driver:
        return make_finding("gpu/wsl", "this is WSL: this version of envkit does not support its GPU, /dev/dxg")
    if host.devices == () and not host.driver:
        return make_finding("gpu/device-missing", "no NVIDIA GPU in this machine")
    if not host.driver:
        cause = "there is an NVIDIA GPU, but its driver is not installed or not loaded" if host.devices else None
        return make_finding("gpu/driver-missing", "no NVIDIA driver on this host", cause=cause)
    return None


def _find_old_driver(host: HostGpu, release: Release | None) -> Finding | None:
    if release and _is_older(host.driver, release.driver_min):
        return make_finding(
            "gpu/driver-too-old",
            f"driver {host.driver} is loaded; TensorFlow {release.version} with CUDA {release.cuda} needs "
            f"{release.driver_min} or newer",
        )
    return None


def _find_engine_fault(engine: EngineFacts | None) -> Finding | None:
    if engine is None or engine.gpu_methods:
        return None
    return make_finding(
        "gpu/engine-cannot", f"the engine {engine.version} at {engine.endpoint} offers no way to pass a GPU"
    )


def _find_image_fault(*, gpu_build: bool) -> Finding | None:
    return None if gpu_build else make_finding("gpu/cpu-build", "this workspace holds TensorFlow's CPU build")


def _find_tensorflow_fault(observations: Sequence[Observation], release: Release | None) -> Finding:
    observation = obs.last(observations, "tensorflow.devices")
    if observation is None:
        if find_crash(observations) and compute_failures.find_gpu_code(observations):
            return compute_failures.diagnose(observations, ["GPU:0"], release)
        return make_finding("gpu/not-probed", "the TensorFlow probe stopped before it reached the GPUs")
    gpus = _gpus(observations)
    return (
        compute_failures.diagnose(observations, gpus, release)
        if gpus
        else _explain_not_listed(observations, obs.error(observation.data))
    )


def _explain_not_listed(observations: Sequence[Observation], error: str) -> Finding:
    message = "TensorFlow lists no GPU"
    hidden = visibility.explain_variable(observations, message)
    if hidden:
        return replace(hidden, check="gpu/not-listed", layer="container")
    text = f"{error}\n{log_lines.explaining_text(obs.log(observations))}"
    reason = single_line(error) if error else log_lines.last_problem(obs.log(observations))
    detail = f"{message}{': ' + reason if reason else ''}"
    if match := error_patterns.find_pattern(text, error_patterns.GPU_NOT_LISTED):
        return make_finding("gpu/not-listed", detail, cause=match.cause, hint=match.hint)
    code = codes.find_code(reason)
    if code is None:
        return make_finding("gpu/not-listed", detail)
    if code.hint or code.check:
        return make_finding(code.check or "gpu/not-listed", detail, cause=code.meaning, hint=code.hint or None)
    return make_finding("gpu/not-listed", f"{detail}; {code.name}: {code.meaning}")


def _find_usable(observations: Sequence[Observation]) -> Finding | None:
    gpus, crash = _gpus(observations), find_crash(observations)
    if crash and crash.device.startswith("GPU"):
        return None
    if not gpus or any(operations.describe_fault(observations, name) for name in gpus):
        return None
    durations = {name: operations.durations(observations, name) for name in gpus}
    speeds = {name: operations.tflops(observations, name) for name in gpus}
    descriptions = [
        f"{_gpu_label(gpu)} ({operations.summary(durations[name])}{_format_speed(speeds[name])})"
        for name, gpu in gpus.items()
    ]
    return make_finding(
        "gpu/usable",
        f"TensorFlow {_version(observations)} computes on {'; '.join(descriptions)}",
        seconds=sum(sum(op_durations.values()) for op_durations in durations.values()),
        data={"gpus": list(gpus.values()), "seconds": durations, "tflops": speeds},
    )


def _gpus(observations: Sequence[Observation]) -> dict[str, Mapping[str, Any]]:
    """Return the GPUs that TensorFlow lists, by device name."""
    gpus = obs.tables(obs.data(observations, "tensorflow.devices"), "gpus")
    return {obs.text(gpu, "device"): gpu for gpu in gpus if _DEVICE.fullmatch(obs.text(gpu, "device"))}


def _gpu_label(gpu: Mapping[str, Any]) -> str:
    return single_line(f"{obs.text(gpu, 'device')} {obs.text(gpu, 'model')}".strip())


def _format_speed(tflops: float | None) -> str:
    return f", {tflops:.1f} TFLOP/s" if tflops else ""


def _version(observations: Sequence[Observation]) -> str:
    return single_line(obs.text(obs.data(observations, "tensorflow.version"), "version"))


def _is_older(version: str, minimum: str) -> bool:
    """Return whether a driver version is older than another; an unreadable one is not."""
    version_parts, minimum_parts = _parse_version(version), _parse_version(minimum)
    return bool(version_parts and minimum_parts) and version_parts < minimum_parts


def _parse_version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if _DRIVER_VERSION.fullmatch(version) else ()
