"""The result of migrating one file: rewrites, notes, or the reason why it is unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """The subject of a note."""

    REVIEW = "review"  # the user has to decide; the hint says how
    IMPOSSIBLE = "impossible"  # the target release has no equivalent
    UNRESOLVED = "unresolved"  # the target release has no such name, and no rule covers it
    BEHAVIOUR = "behaviour"  # the code runs but behaves differently
    LINT = "lint"  # the code works, but a better practice exists
    REQUIREMENT = "requirement"  # a package requirement


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A position in a file.

    Attributes:
        line: 1-based line; in a notebook, the line in the cell.
        column: 1-based column in characters.
        cell: 1-based number of the notebook cell; 0 in other files.
    """

    line: int
    column: int
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewrite.

    Attributes:
        location: Position in the original file.
        rule: Rule id, such as `layers/convolution-positional`.
        before: Original code.
        after: New code.
    """

    location: Location
    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Note:
    """One message for the user about a place in a file.

    Attributes:
        location: Position in the original file.
        rule: Rule id.
        kind: Subject of the note.
        message: The problem, in one sentence.
        hint: What to do about it.
    """

    location: Location
    rule: str
    kind: Kind
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of migrating one file.

    Attributes:
        content: The whole file after the rewrites; the original bytes if there are no rewrites.
        rewrites: Rewrites in file order.
        notes: Notes in file order.
        error: Why the file is unreadable, or empty; an unreadable file has no rewrites.
        hint: What makes the file readable.
    """

    content: bytes
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[Note, ...] = ()
    error: str = ""
    hint: str = ""
