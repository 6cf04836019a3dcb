"""What came of one file: what was rewritten, what a person should know, or why it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What a note is about."""

    REVIEW = "review"  # a person has to decide; what to do is said
    IMPOSSIBLE = "impossible"  # the release aimed at has nothing of the kind
    UNRESOLVED = "unresolved"  # a name that the release aimed at does not have, and no rule knows
    BEHAVIOUR = "behaviour"  # it runs, and does something else than it did
    LINT = "lint"  # it works, and there is a better practice
    REQUIREMENT = "requirement"  # of packages


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file.

    Attributes:
        line: From 1; in a notebook, of the cell.
        column: From 1, in characters.
        cell: Of a notebook, from 1; 0 in other files.
    """

    line: int
    column: int
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One thing that was rewritten.

    Attributes:
        location: In the file as it was.
        rule: Id from the table of rules, such as `layers/convolution-positional`.
        before: What stood there.
        after: What stands there now.
    """

    location: Location
    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to tell.

    Attributes:
        location: In the file as it was.
        rule: Id from the table of rules.
        kind: What it is about.
        message: What is the matter, in one sentence.
        hint: What to do.
    """

    location: Location
    rule: str
    kind: Kind
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file.

    Attributes:
        content: All of it after the rewrites; the very bytes that came in where there were none.
        rewrites: In the order of their places.
        notes: In the order of their places.
        error: Why it could not be read, or empty; nothing was rewritten then.
        hint: What makes it readable.
    """

    content: bytes
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[Note, ...] = ()
    error: str = ""
    hint: str = ""
