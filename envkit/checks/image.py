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
    if wrong:
        return finding("image/label", "; ".join(wrong))
    if claimed.gpu is not None and not isinstance(cuda, bool):
        words = f"the tag says {_kind(claimed.gpu)}, and TensorFlow did not tell which build it is: not compared"
        return finding("image/label", words, status=Verdict.UNKNOWN, cause="", mend="")
    return finding("image/label", f"TensorFlow {line(version)} is inside, as the tag says", status=Verdict.PASSED)


def _kind(gpu: bool) -> str:
    return "GPU" if gpu else "CPU"


def _packages(observations: Sequence[Observation]) -> Finding:
    seen = look.last(observations, "image.packages")
    if seen is None:
        return _not_seen(observations, "image/packages")
    if error := look.error(seen.data):
        return finding("image/packages", f"pip check raised {line(error)}", seconds=seen.seconds)
    broken = [line(one) for one in look.texts(seen.data, "broken")]
    if seen.data.get("checked") is not True:
        return finding("image/packages", "there is no pip to check with", status=Verdict.SKIPPED, mend="")
    status = Verdict.FAILED if broken else Verdict.PASSED
    words = "; ".join(broken) or "every package has what it asks for"
    return finding("image/packages", words, status=status, seconds=seen.seconds, data={"broken": broken})


def _jupyter(observations: Sequence[Observation], claimed: Claim) -> Finding | None:
    one = look.last(observations, "image.jupyter")
    seen = one.data if one else {}
    path = look.text(seen, "path")
    if path and seen.get("works") is True:
        return finding("image/jupyter", f"{line(path)} answers", status=Verdict.PASSED)
    if not claimed.jupyter:
        return None
    if one is None:
        return _not_seen(observations, "image/jupyter")
    if error := look.error(seen):
        return finding("image/jupyter", f"asking it for its version raised {line(error)}", seconds=one.seconds)
    words = f"{line(path)} does not start" if path else "the tag says Jupyter, and none is on PATH"
    return finding("image/jupyter", words)


def _not_seen(observations: Sequence[Observation], check: str) -> Finding:
    """Say of a look at the contents that nothing came of it, and why."""
    ended = look.last(observations, "contents.ended")
    if ended is None:
        return finding(check, "the look did not come to it", status=Verdict.SKIPPED, mend="")
    if look.text(ended.data, "by") == "limit":
        words, mend = "the look took too long and was stopped", "once the machine is idle, or with a longer --timeout"
        return finding(check, words, status=Verdict.UNKNOWN, cause="this machine is too busy", mend=mend)
    how = look.text(ended.data, "signal")
    return finding(check, f"the look was ended by {line(how)}" if how else "the look failed")
