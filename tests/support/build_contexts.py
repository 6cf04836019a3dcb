"""Build contexts, and the instructions of their Dockerfiles."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from envkit.render import build_context

if TYPE_CHECKING:
    from envkit.model.artifact import Artifact
    from envkit.model.image import ImagePlan

INSTRUCTION = re.compile(r"([A-Z]+) .*")


def context(plan: ImagePlan) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in build_context.render(plan)}


def dockerfile(plan: ImagePlan) -> str:
    return context(plan)["Dockerfile"].text


def instructions(dockerfile: str) -> list[str]:
    """Return the instruction words in order; continued lines are one instruction."""
    joined = re.sub(r"\\[ \t]*\n", " ", build_context.strip_comments(dockerfile))
    matches = [INSTRUCTION.fullmatch(line) for line in joined.splitlines()]
    assert all(matches), joined
    return [match[1] for match in matches if match]


def user_apt_command(plan: ImagePlan) -> list[str]:
    """Return the words of the instruction that installs the user's Debian packages."""
    start = 'RUN ["/opt/envkit/build/install-apt", "--",'
    lines = [line for line in dockerfile(plan).splitlines() if line.startswith(start)]
    words: list[str] = json.loads(lines[-1].removeprefix("RUN "))
    return words
