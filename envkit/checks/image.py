"""What an image claims by its tag against what it holds, and whether its packages fit together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

# Repositories whose tags begin with the release of TensorFlow inside; what others mean by a number is their own.
_OURS = re.compile(r"(.*/)?(tensorflow/tensorflow|envkit)", re.ASCII)
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


def claim(ref: str) -> Claim:
    """Return what the reference of an image claims."""
    name, _, tag = ref.partition("@")[0].rpartition(":")
    if "/" in tag or not _OURS.fullmatch(name):
        return Claim()
    release, parts = _RELEASE.match(tag), tag.split("-")
    if release is None:
        return Claim(jupyter="jupyter" in parts, gpu=True if "gpu" in parts else None)
    own = name.rpartition("/")[2] == "envkit"
    gpu = "gpu" in parts
    return Claim(release[0], gpu, own or "jupyter" in parts)


def check(observations: Sequence[Observation], claimed: Claim) -> tuple[Finding, ...]:
    """Judge label against contents, the packages, and Jupyter."""
    found = (_label(observations, claimed), _packages(observations), _jupyter(observations, claimed))
    return tuple(one for one in found if one)


def _label(observations: Sequence[Observation], claimed: Claim) -> Finding | None:
    version = look.text(look.data(observations, "tensorflow.version"), "version")
    cuda = look.data(observations, "tensorflow.build").get("is_cuda_build")
    if not version:
        return None  # the finding on TensorFlow says why
    if not claimed.version and claimed.gpu is None:
        return finding("image/label", "the tag claims nothing of TensorFlow", status=Verdict.SKIPPED, mend="")
    wrong = []
    if claimed.version and version != claimed.version:
        wrong.append(f"the tag says TensorFlow {claimed.version}, and {line(version)} is inside")
    if claimed.gpu is not None and isinstance(cuda, bool) and cuda is not claimed.gpu:
        wrong.append(f"the tag says {_kind(claimed.gpu)}, and TensorFlow's {_kind(cuda)} build is inside")
    status = Verdict.FAILED if wrong else Verdict.PASSED
    words = "; ".join(wrong) or f"TensorFlow {line(version)} is inside, as the tag says"
    return finding("image/label", words, status=status)


def _kind(gpu: bool) -> str:
    return "GPU" if gpu else "CPU"


def _packages(observations: Sequence[Observation]) -> Finding:
    seen = look.last(observations, "image.packages")
    if seen is None:
        return finding("image/packages", "the look did not come to it", status=Verdict.SKIPPED, mend="")
    if error := look.error(seen.data):
        return finding("image/packages", f"pip check raised {line(error)}", seconds=seen.seconds)
    broken = [line(one) for one in seen.data.get("broken") or () if isinstance(one, str)]
    if seen.data.get("checked") is not True:
        return finding("image/packages", "there is no pip to check with", status=Verdict.SKIPPED, mend="")
    status = Verdict.FAILED if broken else Verdict.PASSED
    words = "; ".join(broken) or "every package has what it asks for"
    return finding("image/packages", words, status=status, seconds=seen.seconds, data={"broken": broken})


def _jupyter(observations: Sequence[Observation], claimed: Claim) -> Finding | None:
    seen = look.data(observations, "image.jupyter")
    path = look.text(seen, "path")
    if path and seen.get("works") is True:
        return finding("image/jupyter", f"{line(path)} answers", status=Verdict.PASSED)
    if not claimed.jupyter:
        return None
    words = f"{line(path)} does not start" if path else "the tag says Jupyter, and none is on PATH"
    return finding("image/jupyter", words)
