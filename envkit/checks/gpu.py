"""Whether a GPU can be used, and if not, at which layer it stops: host, engine, image, container, TensorFlow.

The layers are walked in that order and the first fault is the answer: what follows from it is not explained.
A GPU that computed is usable, whatever any look at the host said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.checks import computing, driver, nodes, operations, signatures, slower
from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.facts import EngineFacts, HostGpu
    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

_DEVICE = re.compile(r"GPU:[0-9]{1,4}", re.ASCII)
_DRIVER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}", re.ASCII)
_SERIOUS = re.compile(r"^(?:[EF]\d{4} .*|\S+ \S+: [EFW] .*)$", re.ASCII | re.MULTILINE)


def before(
    *, required: bool, host: HostGpu, engine: EngineFacts | None, release: Release | None = None, gpu_build: bool = True
) -> Finding | None:
    """Judge what can be told before anything is created.

    Args:
        required: Whether a run without a GPU is a failure; if not, a fault is a reason to skip.
        host: What the host says of GPUs.
        engine: The engine, or None if it was not asked.
        release: The TensorFlow release that is to run, for the driver it needs.
        gpu_build: Whether the image holds TensorFlow's GPU build, or will.
    """
    fault = _host(host, release) or _engine(engine) or _image(gpu_build=gpu_build)
    return _weighed(fault, required=required, without="TensorFlow runs on the CPU") if fault else None


def check(
    observations: Sequence[Observation], *, required: bool, host: HostGpu, engine: EngineFacts | None = None,
    release: Release | None = None,
) -> tuple[Finding, ...]:
    """Judge the GPUs by what the probe saw.

    Args:
        observations: What the probe saw, in its order.
        required: Whether a run without a GPU is a failure.
        host: What the host says of GPUs.
        engine: The engine, or None if it was not asked.
        release: The TensorFlow release that runs, for the driver it needs.
    """
    usable = _usable(observations)
    if usable:
        return (usable, *slower.notes(observations, release))
    build = look.data(observations, "tensorflow.build").get("is_cuda_build")
    fault = (
        _host(host, release) or _engine(engine) or _image(gpu_build=build is not False)
        or nodes.fault(observations) or driver.fault(observations, release) or _tensorflow(observations, release)
    )
    without = "" if operations.fault(observations, "CPU:0") else "TensorFlow runs on the CPU"
    return (_weighed(fault, required=required, without=without),)


def _weighed(fault: Finding, *, required: bool, without: str) -> Finding:
    """Return a fault as what it is to this run: a failure, a warning, or a reason to do without a GPU.

    `without` says how things stand without one, as far as that was seen.
    """
    if required:
        return fault
    if fault.where in {"host", "engine", "image"}:
        return replace(fault, status=Verdict.SKIPPED, seen="; ".join(filter(None, (fault.seen, without))), mend="")
    return replace(fault, status=Verdict.SKIPPED if fault.check == "gpu/not-looked" else Verdict.WARNED)


def _host(host: HostGpu, release: Release | None) -> Finding | None:
    if host.wsl and not host.driver:
        return finding("gpu/wsl", "this is WSL: its GPU is /dev/dxg, which this version of envkit does not serve")
    if host.devices == () and not host.driver:
        return finding("gpu/device-missing", "no NVIDIA GPU in this machine")
    if not host.driver:
        cause = "there is an NVIDIA GPU, and its driver is not installed or not loaded" if host.devices else None
        return finding("gpu/driver-missing", "no NVIDIA driver on this host", cause=cause)
    if release and _older(host.driver, release.driver_min):
        return finding(
            "gpu/driver-too-old",
            f"driver {host.driver} is loaded; TensorFlow {release.version} with CUDA {release.cuda} needs "
            f"{release.driver_min} or newer",
        )
    return None


def _engine(engine: EngineFacts | None) -> Finding | None:
    if engine is None or engine.gpu_roads:
        return None
    return finding("gpu/engine-cannot", f"the engine {engine.version} at {engine.endpoint} offers no way to pass a GPU")


def _image(*, gpu_build: bool) -> Finding | None:
    return None if gpu_build else finding("gpu/cpu-build", "this workspace holds TensorFlow's CPU build")


def _tensorflow(observations: Sequence[Observation], release: Release | None) -> Finding:
    devices = look.last(observations, "tensorflow.devices")
    if devices is None:
        return finding("gpu/not-looked", "the look at TensorFlow ended before it came to GPUs")
    gpus = _gpus(observations)
    return computing.fault(observations, gpus, release) if gpus else _not_listed(observations, look.error(devices.data))


def _not_listed(observations: Sequence[Observation], error: str) -> Finding:
    hidden = look.table(look.data(observations, "gpu.variables"), "variables").get("CUDA_VISIBLE_DEVICES")
    if isinstance(hidden, str) and hidden in driver.HIDING:
        return finding(
            "gpu/not-listed", f"TensorFlow lists no GPU; CUDA_VISIBLE_DEVICES is {hidden!r}",
            cause="CUDA_VISIBLE_DEVICES hides all GPUs",
            mend="take CUDA_VISIBLE_DEVICES out of env in envkit.yaml, then: envkit up",
        )
    log = look.log(observations)
    said = line(error) if error else _serious(log)
    known = signatures.recognise(f"{error}\n{log}", signatures.NOT_LISTED)
    seen = f"TensorFlow lists no GPU{': ' + said if said else ''}"
    if known is None:
        return finding("gpu/not-listed", seen)
    return finding("gpu/not-listed", seen, cause=known.cause, mend=known.mend)


def _usable(observations: Sequence[Observation]) -> Finding | None:
    gpus = _gpus(observations)
    if not gpus or any(operations.fault(observations, name) for name in gpus):
        return None
    seconds = {name: operations.times(observations, name) for name in gpus}
    speeds = {name: operations.tflops(observations, name) for name in gpus}
    words = [
        f"{_named(gpu)} ({operations.summary(seconds[name])}{_speed(speeds[name])})" for name, gpu in gpus.items()
    ]
    return finding(
        "gpu/usable",
        f"TensorFlow {_version(observations)} computes on {'; '.join(words)}",
        seconds=sum(sum(one.values()) for one in seconds.values()),
        data={"gpus": list(gpus.values()), "seconds": seconds, "tflops": speeds},
    )


def _gpus(observations: Sequence[Observation]) -> dict[str, Mapping[str, Any]]:
    """Return the GPUs that TensorFlow lists, by the name it gives each device."""
    listed = look.tables(look.data(observations, "tensorflow.devices"), "gpus")
    return {look.text(gpu, "device"): gpu for gpu in listed if _DEVICE.fullmatch(look.text(gpu, "device"))}


def _named(gpu: Mapping[str, Any]) -> str:
    return line(f"{look.text(gpu, 'device')} {look.text(gpu, 'model')}".strip())


def _speed(tflops: float | None) -> str:
    return f", {tflops:.1f} TFLOP/s" if tflops else ""


def _version(observations: Sequence[Observation]) -> str:
    return line(look.text(look.data(observations, "tensorflow.version"), "version"))


def _serious(log: str) -> str:
    """Return the last error or warning in TensorFlow's log, old form or new, without its date."""
    written = _SERIOUS.findall(log)
    return line(re.sub(r"^\S+ \S+: ", "", written[-1])) if written else ""


def _older(version: str, minimum: str) -> bool:
    """Return whether a driver version stands before another; one that cannot be read does not."""
    found, needed = _numbers(version), _numbers(minimum)
    return bool(found and needed) and found < needed


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if _DRIVER.fullmatch(version) else ()
