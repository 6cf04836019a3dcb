"""Compare an image's tag with its contents, and judge whether its packages are compatible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

ENVKIT_JUPYTER = "/opt/jupyter/"  # of envkit's own images
# Repositories whose tags begin with the TensorFlow release in the image; in other tags a number may mean anything.
_KNOWN_REPOSITORIES = re.compile(r"(.*/)?(tensorflow/tensorflow|envkit)", re.ASCII)
_RELEASE = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(\.post[0-9]+)?(?=-|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """Claims of a tag about its image.

    Attributes:
        version: TensorFlow release, or empty.
        gpu: Whether it holds a GPU build, or None if the tag does not say.
        jupyter: Whether it holds Jupyter.
    """

    version: str = ""
    gpu: bool | None = None
    jupyter: bool = False


def parse_claim(ref: str) -> Claim:
    """Parse the claims in an image reference."""
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
    """Judge the tag, the packages, and Jupyter."""
    findings = (
        _judge_label(observations, claim),
        _judge_packages(observations),
        _judge_jupyter(observations, claim),
        _judge_ssh(observations),
        _judge_entrypoint(observations),
    )
    return tuple(finding for finding in findings if finding)


def _judge_label(observations: Sequence[Observation], claim: Claim) -> Finding | None:
    version = obs.text(obs.data(observations, "tensorflow.version"), "version")
    cuda = obs.data(observations, "tensorflow.build").get("is_cuda_build")
    if not version:
        return None  # the finding on TensorFlow shows the reason
    if not claim.version and claim.gpu is None:
        return make_finding("image/label", "the tag does not name a TensorFlow", status=Verdict.SKIPPED, hint="")
    mismatches = []
    if claim.version and version != claim.version:
        mismatches.append(f"the tag names TensorFlow {claim.version}, but the image has {single_line(version)}")
    if claim.gpu is not None and isinstance(cuda, bool) and cuda is not claim.gpu:
        mismatches.append(f"the tag names {_kind(claim.gpu)}, but the image has TensorFlow's {_kind(cuda)} build")
    if mismatches:
        return make_finding("image/label", "; ".join(mismatches))
    if claim.gpu is not None and not isinstance(cuda, bool):
        detail = f"the tag names {_kind(claim.gpu)}, but TensorFlow did not report its build: not compared"
        return make_finding("image/label", detail, status=Verdict.UNKNOWN, cause="", hint="")
    return make_finding(
        "image/label", f"the image has TensorFlow {single_line(version)}, as its tag names", status=Verdict.PASSED
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
        return make_finding("image/packages", "the image has no pip to check with", status=Verdict.SKIPPED, hint="")
    status = Verdict.FAILED if issues else Verdict.PASSED
    detail = "; ".join(issues) or "the requirements of every package are met"
    return make_finding("image/packages", detail, status=status, seconds=observation.seconds, data={"broken": issues})


def _judge_jupyter(observations: Sequence[Observation], claim: Claim) -> Finding | None:
    observation = obs.last(observations, "image.jupyter")
    data = observation.data if observation else {}
    path, server = single_line(obs.text(data, "path")), single_line(obs.text(data, "server"))
    is_promised = claim.jupyter or path.startswith(ENVKIT_JUPYTER)
    if path and data.get("works") is True:
        detail = f"{path} {server} starts, and its API answers" if server else f"{path} prints its version"
        return make_finding("image/jupyter", detail, status=Verdict.PASSED)
    if not is_promised and not path:
        return None
    if observation is None:
        return _explain_missing(observations, "image/jupyter")
    if error := obs.error(data):
        return make_finding(
            "image/jupyter", f"the inspection of Jupyter raised {single_line(error)}", seconds=observation.seconds
        )
    if not path:
        return make_finding("image/jupyter", "the tag names Jupyter, but none is on PATH")
    status = Verdict.FAILED if is_promised else Verdict.WARNED
    return _explain_output("image/jupyter", f"{path} {server}".strip() + " does not start", data, status)


def _judge_ssh(observations: Sequence[Observation]) -> Finding | None:
    data = obs.data(observations, "image.ssh")
    if data.get("promised") is not True:
        return None
    if data.get("works") is True:
        return make_finding("image/ssh", f"sshd starts: {_last_line(data)}", status=Verdict.PASSED, cause="", hint="")
    return _explain_output("image/ssh", "sshd does not start", data, Verdict.FAILED)


def _judge_entrypoint(observations: Sequence[Observation]) -> Finding | None:
    observation = obs.last(observations, "image.entrypoint")
    if observation is None:
        return None
    name = single_line(" ".join(obs.texts(observation.data, "entrypoint")), 80)
    code = observation.data.get("code")
    if code == 0:
        return make_finding("image/entrypoint", f"{name} runs a program", status=Verdict.PASSED, cause="", hint="")
    if code is None:
        detail = f"{name} did not run python -c pass to its end in time; it may start a server instead"
        return make_finding("image/entrypoint", detail, status=Verdict.SKIPPED, cause="", hint="")
    detail = f"{name} exits with code {single_line(str(code))} instead of running python -c pass"
    return _explain_output("image/entrypoint", detail, observation.data, Verdict.WARNED)


def find_start_fault(observations: Sequence[Observation]) -> Finding | None:
    """Report a Python that exists but ended before it ran the test; None if the test began."""
    if len(observations) != 1 or observations[0].name != "ended" or not obs.text(observations[0].data, "output"):
        return None
    return _explain_output("image/python", "Python does not start", observations[0].data, Verdict.FAILED)


def _explain_output(check_id: str, detail: str, data: Mapping[str, Any], status: Verdict) -> Finding:
    """Build a finding with the last line of a program's output, and the cause that the output names."""
    from envkit.checks.log.explanation import find_cause  # only failures need the rules

    fault = find_cause(obs.text(data, "output"))
    line = fault.lines[0].text if fault else _last_line(data)
    return make_finding(
        check_id,
        f"{detail}: {line}" if line else detail,
        status=status,
        cause=fault.cause if fault else None,
        hint=fault.hint if fault else None,
    )


def _last_line(data: Mapping[str, Any]) -> str:
    lines = obs.text(data, "output").strip().splitlines()
    return single_line(lines[-1]) if lines else ""


def _explain_missing(observations: Sequence[Observation], check_id: str) -> Finding:
    """Build the finding of an inspection of the contents that has no result."""
    end = obs.last(observations, "contents.ended")
    if end is None:
        return make_finding(check_id, "the inspection did not reach this step", status=Verdict.SKIPPED, hint="")
    if obs.text(end.data, "by") == "limit":
        detail = "the inspection took too long and was stopped"
        hint = "try again when the machine is idle, or with a longer --timeout"
        return make_finding(check_id, detail, status=Verdict.UNKNOWN, cause="this machine is too busy", hint=hint)
    signal = obs.text(end.data, "signal")
    detail = f"the inspection was terminated by {single_line(signal)}" if signal else "the inspection failed"
    return make_finding(check_id, detail)
