"""The operations that every device has to get right: which were run, and what was wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation

OPERATIONS = ("matmul", "conv2d")
HALF = ("matmul_half", "conv2d_half")  # in float16, on GPUs: most of their speed is there


def on(observations: Sequence[Observation], device: str) -> dict[str, Observation]:
    """Return what came of each operation on a device, by name."""
    return {
        look.text(one.data, "op"): one
        for one in observations if one.what == "tensorflow.op" and look.text(one.data, "device") == device
    }


def fault(observations: Sequence[Observation], device: str) -> str:
    """Return what is wrong with the operations on a device, or nothing."""
    results = on(observations, device)
    for name in OPERATIONS:
        wrong = _wrong(results[name].data, device) if name in results else "was not reported"
        if wrong:
            return f"{name} on {device} {wrong}"
    for name in (one for one in HALF if one in results):
        if wrong := _wrong(results[name].data, device):
            return f"{name.removesuffix('_half')} in float16 on {device} {wrong}"
    return ""


def reported(observations: Sequence[Observation], device: str) -> str:
    """Return what is wrong with those operations on a device that were reported, or nothing."""
    for name, one in on(observations, device).items():
        if wrong := _wrong(one.data, device):
            half = " in float16" if name in HALF else ""
            return f"{line(name.removesuffix('_half'))}{half} on {device} {wrong}"
    return ""


def errors(observations: Sequence[Observation]) -> str:
    """Return what the operations raised, a line each."""
    found = (look.error(one.data) for one in observations if one.what == "tensorflow.op")
    return "\n".join(filter(None, found))


def first(observations: Sequence[Observation]) -> float | None:
    """Return how long the first operation on a GPU took, seconds, with all that it had to prepare."""
    gpus = (one for one in observations if one.what == "tensorflow.op" and look.text(one.data, "device")[:3] == "GPU")
    return next((one.seconds for one in gpus), None)


def tflops(observations: Sequence[Observation], device: str) -> float | None:
    """Return how fast a device multiplied matrices, in TFLOP/s, or None where that was not measured."""
    for one in observations:
        if one.what == "tensorflow.speed" and look.text(one.data, "device") == device:
            value = look.number(one.data.get("tflops"))
            return value if value is not None and value > 0 else None
    return None


def times(observations: Sequence[Observation], device: str) -> dict[str, float]:
    """Return the seconds each operation took on a device, the first call's preparations included."""
    return {name: one.seconds for name, one in on(observations, device).items() if name in OPERATIONS}


def summary(seconds: Mapping[str, float]) -> str:
    """Return the operations and their times, in words."""
    return ", ".join(f"{name} {taken:.2f} s" for name, taken in seconds.items()) + ", checked"


def _wrong(data: Mapping[str, Any], device: str) -> str:
    if error := look.error(data):
        return f"raised {line(error)}"
    placed = look.text(data, "placed")
    if not placed.endswith(f"device:{device}"):
        return f"ran on {line(placed) or 'an unknown device'} instead"
    return "" if data.get("right") is True else "gave a wrong result"
