"""Rule for one fault that a log can show, and the layers in the order in which they are judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from envkit.checks.log.literals import find_literals, longest_word

LogLayer = Literal["host", "network", "engine", "image", "container", "tensorflow"]
LAYERS: tuple[LogLayer, ...] = ("host", "network", "engine", "image", "container", "tensorflow")


class Rank(IntEnum):
    """Weight of a rule's line.

    `CAUSE`: the line names what failed. `NOTICE`: it explains a missing GPU, but is normal on a machine without one.
    `GENERAL`: it shows only which program failed, and counts if no other rule matches.
    """

    CAUSE = 0
    NOTICE = 1
    GENERAL = 2


@dataclass(frozen=True, slots=True)
class LogRule:
    """Fault that a line of a log can show.

    Attributes:
        fault: Id: that of a check, a code of an error, or `topic/result`.
        layer: Layer where the fault is.
        regex: Pattern of a line, or of two lines joined by a space.
        cause: Likely cause.
        hint: Command or change that helps.
        rank: Weight against other rules.
        literals: Texts of which each matching line contains one, so that most lines need no regular expression.
        words: The longest word of each literal, perhaps only a part of the word in the line; or empty.
    """

    fault: str
    layer: LogLayer
    regex: re.Pattern[str]
    cause: str
    hint: str
    rank: Rank = Rank.CAUSE
    literals: tuple[str, ...] = field(init=False)
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the literals and their words."""
        literals = find_literals(self.regex.pattern)
        object.__setattr__(self, "literals", literals)
        object.__setattr__(self, "words", tuple(map(longest_word, literals)))


def rule(fault: str, layer: LogLayer, pattern: str, cause: str, hint: str, rank: Rank = Rank.CAUSE) -> LogRule:
    """Build a rule from the source of its pattern."""
    return LogRule(fault, layer, re.compile(pattern), cause, hint, rank)
