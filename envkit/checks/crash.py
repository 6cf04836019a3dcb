"""Explain why a guest script did not finish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation

STEP_LABELS = {
    "tensorflow.import": "importing TensorFlow",
    "tensorflow.devices": "listing its devices",
    "tensorflow.op": "computing {op} on {device}",
}
CRASH_HINT = "to see where it crashes, repeat that step in: envkit exec -- python -q -X faulthandler"
SIGNAL_CAUSES = {
    "SIGKILL": (
        "another process or the kernel killed it; the kernel does so when the host runs out of memory",
        "free -m and sudo dmesg | grep -i oom, on the host, show more",
    ),
}
CPU_HINT = "use a machine on which grep -c avx /proc/cpuinfo prints more than 0"
OUT_OF_MEMORY = ("the container ran out of memory", "raise limits.memory in envkit.yaml, then: envkit up")
TIMEOUT = ("the step hangs, or this machine is too busy", "when the machine is idle: envkit down && envkit up")


@dataclass(frozen=True, slots=True)
class Crash:
    """A script that did not finish.

    Attributes:
        detail: Step it was at, and how it ended.
        cause: Likely cause.
        hint: Command or change that helps.
        device: Device that was computing, or empty.
        timed_out: Whether it was stopped because it took too long.
    """

    detail: str
    cause: str
    hint: str
    device: str
    timed_out: bool


def find_crash(observations: Sequence[Observation]) -> Crash | None:
    """Find out how the script ended; None if it finished."""
    end = obs.last(observations, "ended")
    if end is None and obs.last(observations, "done") is not None:
        return None
    step = _unfinished_step(observations)
    data = end.data if end else {}
    outcome, cause, hint = _explain(data, observations)
    return Crash(
        f"{_describe_step(step)} {outcome}", cause, hint, obs.text(step, "device"), obs.text(data, "by") == "limit"
    )


def _unfinished_step(observations: Sequence[Observation]) -> Mapping[str, Any]:
    """Return the data of the step that began last, if it did not finish."""
    step: Mapping[str, Any] = {}
    for observation in observations:
        if observation.name == "begin":
            step = observation.data
        elif observation.name == step.get("look"):
            step = {}
    return step


def _describe_step(step: Mapping[str, Any]) -> str:
    name = obs.text(step, "look")
    if not name:
        return "the TensorFlow probe"
    values = {key: obs.text(step, key) for key in ("op", "device")}
    return single_line(
        STEP_LABELS.get(name, f"inspecting {name}").replace("{op}", values["op"]).replace("{device}", values["device"])
    )


def _explain(end: Mapping[str, Any], observations: Sequence[Observation]) -> tuple[str, str, str]:
    """Return how it ended, the likely cause and the hint."""
    log = obs.log(observations)
    kind, signal = obs.text(end, "by"), obs.text(end, "signal")
    if kind == "limit":
        return (f"took longer than {_format_limit(end)} and was stopped", *TIMEOUT)
    if kind == "signal" and end.get("out_of_memory") is True:
        return (f"was killed by {signal}", *OUT_OF_MEMORY)
    if kind == "signal" and signal == "SIGILL":
        return ("was terminated by SIGILL", *_explain_illegal_instruction(observations))
    if kind == "signal":
        return (f"was terminated by {signal}", *SIGNAL_CAUSES.get(signal, (_last_log_line(log), CRASH_HINT)))
    if kind in {"exit", "error"}:
        return ("failed", obs.error(end) or _last_log_line(log), CRASH_HINT)
    return (
        "stopped without a result",
        "the container was stopped, or another process killed the script",
        "envkit status",
    )


def _explain_illegal_instruction(observations: Sequence[Observation]) -> tuple[str, str]:
    """Return cause and hint: TensorFlow's wheels need AVX, other packages may need more."""
    has_avx = obs.data(observations, "cpu").get("avx")
    if has_avx is True:
        return "a library was built for a newer CPU, although this one has AVX; or it is damaged", CRASH_HINT
    certainty = "which this CPU does not support" if has_avx is False else "which this CPU may not support"
    return f"TensorFlow's wheels use AVX instructions, {certainty}", CPU_HINT


def _format_limit(end: Mapping[str, Any]) -> str:
    limit = end.get("limit_s")
    return f"{limit:.0f} s" if isinstance(limit, int | float) and 0 <= limit < obs.SECONDS_MAX else "its limit"


def _last_log_line(log: str) -> str:
    """Return the last line of a log, which shows the reason of a crash if anything does."""
    lines = log.strip().splitlines()
    return single_line(lines[-1]) if lines else "unknown: nothing was printed"
