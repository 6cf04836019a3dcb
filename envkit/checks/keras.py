"""Whether the loop from data to an exported model works: each part is one check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.ending import ending
from envkit.checks.table import finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CLOSE = 0.02  # between two predictions of one model, each a share of one
AGREE = 0.98  # of the pictures are told apart alike by the exported model


def check(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """Judge every part of the loop; one that was not come to is skipped, and says so."""
    return tuple(_part(observations, check, what, judge) for check, (what, judge) in PARTS.items())


def _part(
    observations: Sequence[Observation], check: str, what: str, judge: Callable[[Mapping[str, Any]], tuple[bool, str]]
) -> Finding:
    seen = look.last(observations, what)
    if seen is None:
        ended = ending(observations)
        if ended and what == _pending(observations):
            return finding(check, ended.seen, cause=ended.cause, mend=ended.mend)
        return finding(check, "the loop did not come to it", status=Verdict.SKIPPED, mend="")
    if error := look.error(seen.data):
        return finding(check, f"raised {line(error)}", seconds=seen.seconds)
    good, words = judge(seen.data)
    status = Verdict.PASSED if good else Verdict.FAILED
    return finding(check, words, status=status, seconds=seen.seconds, data=dict(seen.data))


def _pending(observations: Sequence[Observation]) -> str:
    return look.text(look.data(observations, "begin"), "look")


def _data(seen: Mapping[str, Any]) -> tuple[bool, str]:
    count = seen.get("images")
    return isinstance(count, int) and count > 0, f"{count} pictures were written and read back"


def _fit(seen: Mapping[str, Any]) -> tuple[bool, str]:
    losses = look.numbers(seen, "losses")
    policy, output = look.text(seen, "policy"), look.text(seen, "output")
    if not losses:
        return False, "no loss was told"
    words = f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)} epochs, with {line(policy)}"
    return seen.get("fallen") is True and output == "float32", f"{words}, output in {line(output)}"


def _events(seen: Mapping[str, Any]) -> tuple[bool, str]:
    count = seen.get("losses")
    good = isinstance(count, int) and count > 0
    return good, f"TensorBoard's files hold {count if good else 'no'} steps of the loss"


def _same(kind: str) -> Callable[[Mapping[str, Any]], tuple[bool, str]]:
    def judge(seen: Mapping[str, Any]) -> tuple[bool, str]:
        off = _number(seen, "largest_error")
        return off <= CLOSE, f"{kind} was saved and loaded, and predicts within {off:.4f} of the trained one"

    return judge


def _exported(seen: Mapping[str, Any]) -> tuple[bool, str]:
    off, agreement, flex = _number(seen, "largest_error"), _number(seen, "agreement", 0.0), seen.get("flex")
    words = f"TFLite predicts within {off:.4f}, and alike for {agreement:.0%} of the pictures"
    if flex:
        return False, f"{words}; it needs TensorFlow's own operations: {line(str(flex))}"
    return off <= CLOSE and agreement >= AGREE, words


def _number(seen: Mapping[str, Any], key: str, otherwise: float = float("inf")) -> float:
    value = look.number(seen.get(key))
    return otherwise if value is None else value


# Check -> the look it judges, and how.
PARTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], tuple[bool, str]]]] = {
    "keras/data": ("training.data", _data),
    "keras/training": ("training.fit", _fit),
    "keras/events": ("training.events", _events),
    "keras/saved-model": ("training.saved", _same("SavedModel")),
    "keras/hdf5": ("training.hdf5", _same("HDF5")),
    "keras/tflite": ("training.exported", _exported),
}
