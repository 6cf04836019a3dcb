"""How a guest script ended, when it did not come to its end by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation

DOING = {
    "tensorflow.import": "importing TensorFlow",
    "tensorflow.devices": "listing its devices",
    "tensorflow.op": "computing {op} on {device}",
}
CRASH_MEND = "envkit exec -- python -q -X faulthandler, and in it what is named above, shows where it crashes"
SIGNALS = {
    "SIGKILL": (
        "something killed it; the kernel does so when the host runs out of memory",
        "free -m and sudo dmesg | grep -i oom, on the host, say more",
    ),
    "SIGILL": (
        "TensorFlow's wheels use AVX instructions, and this processor has none",
        "use a machine on which grep -c avx /proc/cpuinfo prints more than 0",
    ),
}
OUT_OF_MEMORY = ("the container ran out of memory", "raise limits.memory in envkit.yaml, then: envkit up")
TOO_LONG = ("it hangs, or this machine is too busy", "once the machine is idle: envkit down && envkit up")


@dataclass(frozen=True, slots=True)
class Ending:
    """An end before the end.

    Attributes:
        seen: What was going on, and how it ended.
        cause: The likely cause.
        mend: What helps.
        device: The device that was computed on at that moment, or empty.
        too_long: Whether it was stopped because it took too long.
    """

    seen: str
    cause: str
    mend: str
    device: str
    too_long: bool


def ending(observations: Sequence[Observation]) -> Ending | None:
    """Return how the script ended, or None if it came to its end."""
    last = look.last(observations, "ended")
    if last is None and look.last(observations, "done") is not None:
        return None
    pending = _pending(observations)
    data = last.data if last else {}
    how, cause, mend = _how(data, look.log(observations))
    return Ending(
        f"{_doing(pending)} {how}", cause, mend, look.text(pending, "device"), look.text(data, "by") == "limit"
    )


def _pending(observations: Sequence[Observation]) -> Mapping[str, Any]:
    """Return the look that was begun last, if nothing came of it."""
    pending: Mapping[str, Any] = {}
    for one in observations:
        if one.what == "begin":
            pending = one.data
        elif one.what == pending.get("look"):
            pending = {}
    return pending


def _doing(pending: Mapping[str, Any]) -> str:
    name = look.text(pending, "look")
    if not name:
        return "the look at TensorFlow"
    words = {key: look.text(pending, key) for key in ("op", "device")}
    return line(DOING.get(name, f"looking at {name}").replace("{op}", words["op"]).replace("{device}", words["device"]))


def _how(ended: Mapping[str, Any], log: str) -> tuple[str, str, str]:
    """Return how it ended, the likely cause, and the mend."""
    by, name = look.text(ended, "by"), look.text(ended, "signal")
    if by == "limit":
        return (f"took longer than {_limit(ended)} and was stopped", *TOO_LONG)
    if by == "signal" and ended.get("out_of_memory") is True:
        return (f"was killed by {name}", *OUT_OF_MEMORY)
    if by == "signal":
        return (f"was ended by {name}", *SIGNALS.get(name, (_last_words(log), CRASH_MEND)))
    if by in {"exit", "error"}:
        return ("failed", look.error(ended) or _last_words(log), CRASH_MEND)
    return ("stopped without a word", "the container was stopped, or something killed the script", "envkit status")


def _limit(ended: Mapping[str, Any]) -> str:
    limit = ended.get("limit_s")
    return f"{limit:.0f} s" if isinstance(limit, int | float) and 0 <= limit < look.SECONDS_MAX else "its limit"


def _last_words(log: str) -> str:
    """Return the last line of a log: where something crashes, the reason stands there, if anywhere."""
    written = log.strip().splitlines()
    return line(written[-1]) if written else "unknown: nothing was printed"
