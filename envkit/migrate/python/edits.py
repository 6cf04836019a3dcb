"""Collect the edits of one file: splices into its text, the rewrites they form, and notes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Note, Rewrite
from envkit.migrate.rules.table import RULE_TABLE
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    import libcst as cst

    from envkit.migrate.python.parsed_file import Source

Splice = tuple[int, int, str]


class EditSet:
    """The edits of one file.

    Attributes:
        source: Original file.
    """

    def __init__(self, source: Source, disabled_rules: frozenset[str]) -> None:
        self.source = source
        self._disabled_rules = disabled_rules
        self._splices: list[tuple[int, int, int, str]] = []
        self._sorted_splices: list[tuple[int, int, int, str]] = []  # cache of the splices, sorted by offset
        self._rewrites: dict[tuple[str, int, int], None] = {}
        self._notes: dict[Note, None] = {}
        self._note_keys: set[tuple[str, int]] = set()

    def allows(self, rule: str, offset: int) -> bool:
        """Check whether the rule is enabled at the offset."""
        return rule not in self._disabled_rules and not self._is_suppressed(rule, offset)

    def rewrite(self, rule: str, begin: int, end: int, *splices: Splice) -> bool:
        """Add the splices, and record that the rule rewrote the text from `begin` to `end`.

        If two splices begin at the same offset, the text of the first one comes first.
        """
        if not self.allows(rule, begin):
            return False
        self._splices.extend(
            (splice_begin, splice_end, len(self._splices) + index, text)
            for index, (splice_begin, splice_end, text) in enumerate(splices)
        )
        self._rewrites[rule, begin, end] = None
        return True

    def add_note(self, rule: str, offset: int, message: str = "", hint: str = "") -> None:
        """Add a note at the offset, with the text of the rule unless a message or hint is given."""
        if (rule, offset) in self._note_keys or not self.allows(rule, offset):
            return
        self._note_keys.add((rule, offset))
        row = RULE_TABLE[rule]
        self._notes[
            Note(self.source.location(offset), rule, row.kind, message or row.description, hint or row.hint)
        ] = None

    def has_note(self, offset: int) -> bool:
        """Check whether there is a note at the offset."""
        return any(note_offset == offset for _, note_offset in self._note_keys)

    def text(self) -> str:
        """Render the whole text with all splices."""
        return self._render(0, len(self.source.text))

    def node_text(self, node: cst.CSTNode) -> str:
        """Render the node with all splices so far."""
        return self._render(*self.source.spans[node])

    def rewrites(self) -> tuple[Rewrite, ...]:
        """Return the rewrites in file order, without those that changed nothing."""
        rewrites = [
            Rewrite(self.source.location(begin), rule, self.source.text[begin:end], self._render(begin, end))
            for rule, begin, end in sorted(self._rewrites, key=lambda entry: (entry[1], entry[2]))
        ]
        return tuple(rewrite for rewrite in rewrites if rewrite.before != rewrite.after)

    def notes(self) -> tuple[Note, ...]:
        """Return the notes in file order."""
        return tuple(sorted(self._notes, key=lambda note: (note.location, note.rule)))

    def _render(self, begin: int, end: int) -> str:
        parts, position = [], begin
        if len(self._sorted_splices) != len(self._splices):
            self._sorted_splices = sorted(self._splices)
        first_index = bisect_left(self._sorted_splices, (begin,))
        for splice_begin, splice_end, _, text in islice(
            self._sorted_splices, first_index, bisect_right(self._sorted_splices, (end, end + 1))
        ):
            if splice_end > end:
                continue
            if splice_begin < position:  # inside a replaced range, or an overlapping deletion
                position = max(position, splice_end)
                continue
            parts += [self.source.text[position:splice_begin], text]
            position = splice_end
        return "".join([*parts, self.source.text[position:end]])

    def _is_suppressed(self, rule: str, offset: int) -> bool:
        return is_suppressed(self.source.line(self.source.location(offset).line), rule)
