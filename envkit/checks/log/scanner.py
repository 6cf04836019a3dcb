"""Find the lines of a text that rules explain. Memory is bounded, and the time grows with the length of the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.checks.log.evidence import show_line
from envkit.checks.log.rules import HARMLESS, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkit.checks.log.rule import LogRule

    NumberedLine = tuple[int, str]

BLOCK_LENGTH = 262_144  # characters
LINES_MAX = 3  # shown for each fault
MATCHES_MAX = 200  # lines that a rule explains; later ones show nothing new
FAILED_MAX = 2_000  # lines that a rule does not match, until wrapped messages are no longer looked for
JOINED_LENGTH = 4_096  # characters of two lines that may be one wrapped message
_WORD = re.compile(r"[A-Za-z_]{3,}", re.ASCII)
# Frames of boxes and prefixes of containers' logs, in front of the rest of a wrapped line.
_FRAME = " \t|│┃╎>"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the text.

    Attributes:
        number: Its number, from 1.
        text: The part that was judged, without secrets and control characters.
    """

    number: int
    text: str


@dataclass(slots=True)
class Match:
    """A rule, and the first lines that it explains."""

    rule: LogRule
    lines: list[LogLine] = field(default_factory=list)
    count: int = 0
    failed: int = 0


class Scanner:
    """Search a text, block by block, for the lines that rules explain."""

    def __init__(self) -> None:
        self._matches = [Match(rule) for rule in RULES]
        self._harmless = [Match(rule) for rule in HARMLESS]

    @property
    def matches(self) -> list[Match]:
        """Rules that explain a line, in the order of the table."""
        return [match for match in self._matches if match.lines]

    @property
    def harmless(self) -> list[Match]:
        """Rules of harmless lines that occur."""
        return [match for match in self._harmless if match.lines]

    def scan(self, lines: Iterable[NumberedLine]) -> None:
        """Search all lines of a text, each with its number."""
        for block in split_blocks(lines):
            self._scan_block(_Block(block))

    def _scan_block(self, block: _Block) -> None:
        for match in self._harmless:
            for index in block.candidates(match.rule):
                self._judge_line(match, index, block, joined=False)
        for match in self._matches:
            if match.count < MATCHES_MAX:
                for index in block.candidates(match.rule):
                    self._judge_line(match, index, block, joined=True)

    def _judge_line(self, match: Match, index: int, block: _Block, *, joined: bool) -> None:
        if index in block.explained:
            return
        line = block.lines[index]
        found = match.rule.regex.search(line)
        if found is None and joined and match.failed < FAILED_MAX:
            found = match.rule.regex.search(block.join_next(index))
            if found and found.start() > len(line):
                return  # the next line alone matches
        if found is None:
            match.failed += 1
            return
        block.explained.add(index)
        match.count += 1
        if len(match.lines) < LINES_MAX:
            shown = LogLine(block.numbers[index], show_line(line, min(found.start(), len(line))))
            if all(shown.text != other.text for other in match.lines):
                match.lines.append(shown)


class _Block:
    """Some lines of the text, and those among them that a rule already explains."""

    def __init__(self, lines: list[NumberedLine]) -> None:
        self.numbers = [number for number, _ in lines]
        self.lines = [line for _, line in lines]
        self.explained: set[int] = set()
        # A message may be wrapped, so a line end counts as a space.
        stripped = [line.lstrip(_FRAME) for line in self.lines]
        self._text = " ".join(stripped)
        # A log repeats its words, so most literals are excluded by a much shorter text.
        self._vocabulary = " ".join(set(_WORD.findall(self._text)))
        self._starts, position = [], 0
        for line in stripped:
            self._starts.append(position)
            position += len(line) + 1

    def candidates(self, rule: LogRule) -> Iterator[int]:
        """Return the indexes of the lines in which a literal of a rule begins, in order."""
        if not rule.literals:
            return iter(range(len(self.lines)))
        literals = [
            literal for literal, word in zip(rule.literals, rule.words, strict=True) if word in self._vocabulary
        ]
        return iter(sorted({index for literal in literals for index in self._find_lines(literal)}))

    def join_next(self, index: int) -> str:
        """Return a line and the next one, joined as before they were wrapped."""
        following = self.lines[index + 1] if index + 1 < len(self.lines) else ""
        return f"{self.lines[index]} {following.lstrip(_FRAME)}" if len(following) < JOINED_LENGTH else ""

    def _find_lines(self, literal: str) -> Iterator[int]:
        position = self._text.find(literal)
        while position >= 0:
            index = bisect_right(self._starts, position) - 1
            yield index
            end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._text)
            position = self._text.find(literal, end)


def split_blocks(lines: Iterable[NumberedLine]) -> Iterator[list[NumberedLine]]:
    """Group lines into blocks of bounded length; the last line of a block is also the first one of the next."""
    block: list[NumberedLine] = []
    length = 0
    for line in lines:
        block.append(line)
        length += len(line[1]) + 1
        if length > BLOCK_LENGTH:
            yield block
            block, length = [line], 0
    if length:
        yield block
