"""Judge the steps from data to an exported model: each step is one check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.crash import find_crash
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

MAX_ERROR = 0.02  # between two predicted probabilities
MIN_AGREEMENT = 0.98  # fraction of images that the exported model classifies the same


def check(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """Judge every step; one that was not reached is skipped."""
    return tuple(_judge_step(observations, check_id, name, rule) for check_id, (name, rule) in STEPS.items())


def _judge_step(
    observations: Sequence[Observation], check_id: str, name: str, rule: Callable[[Mapping[str, Any]], tuple[bool, str]]
) -> Finding:
    observation = obs.last(observations, name)
    if observation is None:
        crash = find_crash(observations)
        if crash and name == _pending_step(observations):
            return make_finding(check_id, crash.detail, cause=crash.cause, hint=crash.hint)
        return make_finding(check_id, "the test did not reach this step", status=Verdict.SKIPPED, cause="", hint="")
    if error := obs.error(observation.data):
        from envkit.checks.log.explanation import find_cause  # only failures need the rules

        fault = find_cause(error)
        return make_finding(
            check_id,
            f"raised {single_line(error)}",
            cause=fault.cause if fault else None,
            hint=fault.hint if fault else None,
            seconds=observation.seconds,
        )
    success, detail = rule(observation.data)
    status = Verdict.PASSED if success else Verdict.FAILED
    return make_finding(check_id, detail, status=status, seconds=observation.seconds, data=dict(observation.data))


def _pending_step(observations: Sequence[Observation]) -> str:
    return obs.text(obs.data(observations, "begin"), "look")


def _judge_data(data: Mapping[str, Any]) -> tuple[bool, str]:
    count = data.get("images")
    return isinstance(count, int) and count > 0, f"{count} images were written and read back"


def _judge_fit(data: Mapping[str, Any]) -> tuple[bool, str]:
    losses = obs.numbers(data, "losses")
    policy, output = obs.text(data, "policy"), obs.text(data, "output")
    if not losses:
        return False, "no loss was reported"
    detail = (
        f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)} epochs, with {single_line(policy)}"
    )
    return data.get("fallen") is True and output == "float32", f"{detail}, output in {single_line(output)}"


def _judge_events(data: Mapping[str, Any]) -> tuple[bool, str]:
    count = data.get("losses")
    success = isinstance(count, int) and count > 0
    return success, f"TensorBoard's files contain {count if success else 'no'} steps of the loss"


def _saved_model_judge(kind: str) -> Callable[[Mapping[str, Any]], tuple[bool, str]]:
    def judge(data: Mapping[str, Any]) -> tuple[bool, str]:
        error = _number_or(data, "largest_error")
        return error <= MAX_ERROR, f"the loaded {kind} predicts within {error:.4f} of the trained model"

    return judge


def _judge_export(data: Mapping[str, Any]) -> tuple[bool, str]:
    error, agreement, flex = _number_or(data, "largest_error"), _number_or(data, "agreement", 0.0), data.get("flex")
    detail = f"TFLite predicts within {error:.4f}, and the same class for {agreement:.0%} of the images"
    if flex:
        return False, f"{detail}; it needs TensorFlow operations: {single_line(str(flex))}"
    return error <= MAX_ERROR and agreement >= MIN_AGREEMENT, detail


def _number_or(data: Mapping[str, Any], key: str, default: float = float("inf")) -> float:
    value = obs.number(data.get(key))
    return default if value is None else value


# Check id -> observation that it judges, and its rule.
STEPS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], tuple[bool, str]]]] = {
    "keras/data": ("training.data", _judge_data),
    "keras/training": ("training.fit", _judge_fit),
    "keras/events": ("training.events", _judge_events),
    "keras/saved-model": ("training.saved", _saved_model_judge("SavedModel")),
    "keras/hdf5": ("training.hdf5", _saved_model_judge("HDF5")),
    "keras/tflite": ("training.exported", _judge_export),
}
