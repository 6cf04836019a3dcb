"""What is being made of one file: splices into its text, the rewrites they amount to, and notes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from envkit.migrate.ignored import ignores
from envkit.migrate.outcome import Note, Rewrite
from envkit.migrate.rules.table import TABLE

if TYPE_CHECKING:
    import libcst as cst

    from envkit.migrate.source import Source

Splice = tuple[int, int, str]


class Draft:
    """One file on its way.

    Attributes:
        source: The file as it was read.
    """

    def __init__(self, source: Source, off: frozenset[str]) -> None:
        self.source = source
        self._off = off
        self._splices: list[tuple[int, int, int, str]] = []
        self._ordered: list[tuple[int, int, int, str]] = []  # the same, by their places
        self._rewrites: dict[tuple[str, int, int], None] = {}
        self._notes: dict[Note, None] = {}
        self._told: set[tuple[str, int]] = set()

    def allows(self, rule: str, offset: int) -> bool:
        """Whether the rule is switched on at that place."""
        return rule not in self._off and not self._ignored(rule, offset)

    def rewrite(self, rule: str, begin: int, end: int, *splices: Splice) -> bool:
        """Splice the text, and record that what stands from `begin` to `end` was rewritten by the rule.

        Where two splices begin at one place, the one that came first stands outside.
        """
        if not self.allows(rule, begin):
            return False
        self._splices.extend((first, last, len(self._splices) + place, text)
                             for place, (first, last, text) in enumerate(splices))
        self._rewrites[rule, begin, end] = None
        return True

    def tell(self, rule: str, offset: int, message: str = "", mend: str = "") -> None:
        """Note what the rule is about at that place, unless something else is said of it here."""
        if (rule, offset) in self._told or not self.allows(rule, offset):
            return
        self._told.add((rule, offset))
        row = TABLE[rule]
        self._notes[Note(self.source.where(offset), rule, row.kind, message or row.about, mend or row.mend)] = None

    def told(self, offset: int) -> bool:
        """Whether a note stands at that place already."""
        return any(place == offset for _, place in self._told)

    def text(self) -> str:
        """Return the whole text after all splices."""
        return self._render(0, len(self.source.text))

    def rendered(self, node: cst.CSTNode) -> str:
        """Return the node after all splices so far."""
        return self._render(*self.source.spans[node])

    def rewrites(self) -> tuple[Rewrite, ...]:
        """Return what was rewritten, in the order of the text; what came out as it was is none."""
        found = [
            Rewrite(self.source.where(begin), rule, self.source.text[begin:end], self._render(begin, end))
            for rule, begin, end in sorted(self._rewrites, key=lambda one: (one[1], one[2]))
        ]
        return tuple(one for one in found if one.before != one.after)

    def notes(self) -> tuple[Note, ...]:
        """Return the notes, in the order of the text."""
        return tuple(sorted(self._notes, key=lambda note: (note.where, note.rule)))

    def _render(self, begin: int, end: int) -> str:
        parts, at = [], begin
        if len(self._ordered) != len(self._splices):
            self._ordered = sorted(self._splices)
        start = bisect_left(self._ordered, (begin,))
        for first, last, _, text in islice(self._ordered, start, bisect_right(self._ordered, (end, end + 1))):
            if last > end:
                continue
            if first < at:  # within what was replaced as a whole, or a deletion that reaches further
                at = max(at, last)
                continue
            parts += [self.source.text[at:first], text]
            at = last
        return "".join([*parts, self.source.text[at:end]])

    def _ignored(self, rule: str, offset: int) -> bool:
        return ignores(self.source.line(self.source.where(offset).line), rule)
