"""Choose among the faults of a text: the first layer that fails is the reason, and the others are listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks.log.rule import LAYERS, Rank
from envkit.checks.log.scanner import LogLine, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.checks.log.scanner import Match, NumberedLine

OTHERS_MAX = 12


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that a text shows.

    Attributes:
        fault: Id: that of a check or an error code where one exists.
        layer: Layer where it is.
        cause: Likely cause.
        hint: Command or change that helps.
        lines: The lines that it was judged by, at most three.
    """

    fault: str
    layer: str
    cause: str
    hint: str
    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Faults of a text.

    Attributes:
        reason: The fault of the first layer that fails, or None if no line is recognized.
        others: Further faults, by layer.
        harmless: Recognized lines that are never the reason, each with its meaning as cause.
    """

    reason: Fault | None
    others: tuple[Fault, ...] = ()
    harmless: tuple[Fault, ...] = ()


def explain_lines(lines: Iterable[NumberedLine]) -> Explanation:
    """Explain a text by its lines."""
    scanner = Scanner()
    scanner.scan(lines)
    faults = order_faults(scanner.matches)
    return Explanation(
        faults[0] if faults else None, faults[1 : 1 + OTHERS_MAX], tuple(map(_build_fault, scanner.harmless))
    )


def find_cause(text: str) -> Fault | None:
    """Return the fault that a message of a program names, or None; notices and general faults do not count."""
    scanner = Scanner()
    scanner.scan(enumerate(text.splitlines(), 1))
    causes = [match for match in scanner.matches if match.rule.rank is Rank.CAUSE]
    return order_faults(causes)[0] if causes else None


def order_faults(matches: Iterable[Match]) -> tuple[Fault, ...]:
    """Order faults: named causes before notices, then by layer, then by the first line; each id once.

    General rules count only if no other rule matches.
    """
    ordered = sorted(
        matches, key=lambda match: (match.rule.rank, LAYERS.index(match.rule.layer), match.lines[0].number)
    )
    if ordered and ordered[0].rule.rank is not Rank.GENERAL:
        ordered = [match for match in ordered if match.rule.rank is not Rank.GENERAL]
    unique: dict[str, Match] = {}
    for match in ordered:
        unique.setdefault(match.rule.fault, match)
    return tuple(map(_build_fault, unique.values()))


def _build_fault(match: Match) -> Fault:
    rule = match.rule
    return Fault(rule.fault, rule.layer, rule.cause, rule.hint, tuple(match.lines))
