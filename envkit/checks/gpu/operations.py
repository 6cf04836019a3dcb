"""Judge the operations that every device must compute correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation

OPERATIONS = ("matmul", "conv2d")
# Kernels that TensorFlow brings itself; the operations above use those of cuBLAS and cuDNN.
OWN_KERNELS = ("multiply", "cast", "reduce", "random")
HALF_PRECISION = ("matmul_half", "conv2d_half")  # in float16, only on GPUs, which are much faster with it


def device_results(observations: Sequence[Observation], device: str) -> dict[str, Observation]:
    """Return the observation of each operation on a device, by name."""
    return {
        obs.text(observation.data, "op"): observation
        for observation in observations
        if observation.name == "tensorflow.op" and obs.text(observation.data, "device") == device
    }


def describe_fault(observations: Sequence[Observation], device: str) -> str:
    """Describe the first fault of the operations on a device, or return an empty string."""
    results = device_results(observations, device)
    for name in OPERATIONS:
        problem = _find_problem(results[name].data, device) if name in results else "was not reported"
        if problem:
            return f"{name} on {device} {problem}"
    for name in (operation for operation in (*OWN_KERNELS, *HALF_PRECISION) if operation in results):
        if problem := _find_problem(results[name].data, device):
            return f"{_label(name)} on {device} {problem}"
    return _describe_speed_fault(observations, device)


def describe_reported_fault(observations: Sequence[Observation], device: str) -> str:
    """Describe the first fault among the reported operations on a device, or return an empty string."""
    for name, observation in device_results(observations, device).items():
        if problem := _find_problem(observation.data, device):
            return f"{_label(name)} on {device} {problem}"
    return _describe_speed_fault(observations, device)


def _label(name: str) -> str:
    return single_line(name.removesuffix("_half")) + (" in float16" if name in HALF_PRECISION else "")


def _describe_speed_fault(observations: Sequence[Observation], device: str) -> str:
    """Describe an error of the speed measurement, which multiplies large matrices of random numbers."""
    for observation in observations:
        if observation.name == "tensorflow.speed" and obs.text(observation.data, "device") == device:
            error = obs.error(observation.data)
            return f"measuring the speed of {device} raised {single_line(error)}" if error else ""
    return ""


def errors(observations: Sequence[Observation], device: str) -> str:
    """Return the errors that the operations on a device raised, one per line."""
    messages = (
        obs.error(observation.data)
        for observation in observations
        if observation.name in {"tensorflow.op", "tensorflow.speed"} and obs.text(observation.data, "device") == device
    )
    return "\n".join(filter(None, messages))


def first_duration(observations: Sequence[Observation]) -> float | None:
    """Return the duration of the first operation on a GPU in seconds, with its preparations."""
    runs = (run for run in observations if run.name == "tensorflow.op" and obs.text(run.data, "device")[:3] == "GPU")
    return next((run.seconds for run in runs), None)


def tflops(observations: Sequence[Observation], device: str) -> float | None:
    """Return the speed of a device's matrix multiplication in TFLOP/s, or None if it was not measured."""
    for observation in observations:
        if observation.name == "tensorflow.speed" and obs.text(observation.data, "device") == device:
            value = obs.number(observation.data.get("tflops"))
            return value if value is not None and value > 0 else None
    return None


def durations(observations: Sequence[Observation], device: str) -> dict[str, float]:
    """Return the duration of each operation on a device in seconds, with the first call's preparations."""
    return {
        name: observation.seconds
        for name, observation in device_results(observations, device).items()
        if name in OPERATIONS
    }


def summary(seconds: Mapping[str, float]) -> str:
    """Format the operations and their durations."""
    return ", ".join(f"{name} {duration:.2f} s" for name, duration in seconds.items()) + ", checked"


def _find_problem(data: Mapping[str, Any], device: str) -> str:
    if error := obs.error(data):
        return f"raised {single_line(error)}"
    actual_device = obs.text(data, "placed")
    if not actual_device.endswith(f"device:{device}"):
        return f"ran on {single_line(actual_device) or 'an unknown device'} instead"
    return "" if data.get("right") is True else "gave a wrong result"
