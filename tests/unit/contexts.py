"""A build context, and its Dockerfile as a builder reads it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from envkit.render import build_context

if TYPE_CHECKING:
    from envkit.model.artifact import Artifact
    from envkit.model.image import ImagePlan

WORDS = re.compile(r"^(?P<word>[A-Z]+) (?P<rest>.*)$")


def context(plan: ImagePlan) -> dict[str, Artifact]:
    return {one.path: one for one in build_context.render(plan)}


def dockerfile(plan: ImagePlan) -> str:
    return context(plan)["Dockerfile"].text


def sequence(dockerfile: str) -> list[str]:
    """Return the instruction words in order, as the builder sees them: continued lines are one."""
    joined = re.sub(r"\\[ \t]*\n", " ", build_context.strip_comments(dockerfile))
    found = [WORDS.match(line) for line in joined.splitlines()]
    assert all(found), "each line is an instruction"
    return [one["word"] for one in found if one]


def users_command(plan: ImagePlan) -> list[str]:
    """Return the words of the instruction that installs what the user adds from Debian."""
    start = 'RUN ["/opt/envkit/build/install-apt", "--",'
    lines = [line for line in dockerfile(plan).splitlines() if line.startswith(start)]
    words: list[str] = json.loads(lines[-1].removeprefix("RUN "))
    return words
