"""What an image claims by its tag against what it holds, and whether its packages fit together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.table import make_finding
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

# Repositories whose tags begin with the release of TensorFlow inside; what others mean by a number is their own.
_KNOWN_REPOSITORIES = re.compile(r"(.*/)?(tensorflow/tensorflow|envkit)", re.ASCII)
_RELEASE = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(\.post[0-9]+)?(?=-|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a tag claims of its image.

    Attributes:
        version: The TensorFlow release, or empty.
        gpu: Whether it computes on GPUs, or None where the tag does not say.
        jupyter: Whether it holds a Jupyter.
    """

    version: str = ""
    gpu: bool | None = None
    jupyter: bool = False


def parse_claim(ref: str) -> Claim:
    """Return what the reference of an image claims."""
    name, _, tag = ref.partition("@")[0].rpartition(":")
    if "/" in tag or not _KNOWN_REPOSITORIES.fullmatch(name):
        return Claim()
    release, parts = _RELEASE.match(tag), tag.split("-")
    if release is None:
        return Claim(jupyter="jupyter" in parts, gpu=True if "gpu" in parts else None)
    is_envkit = name.rpartition("/")[2] == "envkit"
    gpu = "gpu" in parts
    return Claim(release[0], gpu, is_envkit or "jupyter" in parts)


def check(observations: Sequence[Observation], claim: Claim) -> tuple[Finding, ...]:
    """Judge label against contents, the packages, and Jupyter."""
    findings = (_judge_label(observations, claim), _judge_packages(observations), _judge_jupyter(observations, claim))
    return tuple(finding for finding in findings if finding)


def _judge_label(observations: Sequence[Observation], claim: Claim) -> Finding | None:
    version = obs.text(obs.data(observations, "tensorflow.version"), "version")
    cuda = obs.data(observations, "tensorflow.build").get("is_cuda_build")
    if not version:
        return None  # the finding on TensorFlow says why
    if not claim.version and claim.gpu is None:
        return make_finding("image/label", "the tag claims nothing of TensorFlow", status=Verdict.SKIPPED, hint="")
    mismatches = []
    if claim.version and version != claim.version:
        mismatches.append(f"the tag says TensorFlow {claim.version}, and {single_line(version)} is inside")
    if claim.gpu is not None and isinstance(cuda, bool) and cuda is not claim.gpu:
        mismatches.append(f"the tag says {_kind(claim.gpu)}, and TensorFlow's {_kind(cuda)} build is inside")
    if mismatches:
        return make_finding("image/label", "; ".join(mismatches))
    if claim.gpu is not None and not isinstance(cuda, bool):
        detail = f"the tag says {_kind(claim.gpu)}, and TensorFlow did not tell which build it is: not compared"
        return make_finding("image/label", detail, status=Verdict.UNKNOWN, cause="", hint="")
    return make_finding(
        "image/label", f"TensorFlow {single_line(version)} is inside, as the tag says", status=Verdict.PASSED
    )


def _kind(gpu: bool) -> str:
    return "GPU" if gpu else "CPU"


def _judge_packages(observations: Sequence[Observation]) -> Finding:
    observation = obs.last(observations, "image.packages")
    if observation is None:
        return _explain_missing(observations, "image/packages")
    if error := obs.error(observation.data):
        return make_finding("image/packages", f"pip check raised {single_line(error)}", seconds=observation.seconds)
    issues = [single_line(issue) for issue in obs.texts(observation.data, "broken")]
    if observation.data.get("checked") is not True:
        return make_finding("image/packages", "there is no pip to check with", status=Verdict.SKIPPED, hint="")
    status = Verdict.FAILED if issues else Verdict.PASSED
    detail = "; ".join(issues) or "every package has what it asks for"
    return make_finding("image/packages", detail, status=status, seconds=observation.seconds, data={"broken": issues})


def _judge_jupyter(observations: Sequence[Observation], claim: Claim) -> Finding | None:
    observation = obs.last(observations, "image.jupyter")
    data = observation.data if observation else {}
    path = obs.text(data, "path")
    if path and data.get("works") is True:
        return make_finding("image/jupyter", f"{single_line(path)} answers", status=Verdict.PASSED)
    if not claim.jupyter:
        return None
    if observation is None:
        return _explain_missing(observations, "image/jupyter")
    if error := obs.error(data):
        return make_finding(
            "image/jupyter", f"asking it for its version raised {single_line(error)}", seconds=observation.seconds
        )
    detail = f"{single_line(path)} does not start" if path else "the tag says Jupyter, and none is on PATH"
    return make_finding("image/jupyter", detail)


def _explain_missing(observations: Sequence[Observation], check_id: str) -> Finding:
    """Say of a look at the contents that nothing came of it, and why."""
    end = obs.last(observations, "contents.ended")
    if end is None:
        return make_finding(check_id, "the look did not come to it", status=Verdict.SKIPPED, hint="")
    if obs.text(end.data, "by") == "limit":
        detail, hint = "the look took too long and was stopped", "once the machine is idle, or with a longer --timeout"
        return make_finding(check_id, detail, status=Verdict.UNKNOWN, cause="this machine is too busy", hint=hint)
    signal = obs.text(end.data, "signal")
    return make_finding(check_id, f"the look was ended by {single_line(signal)}" if signal else "the look failed")
