"""What a row of the table of rules is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envkit.migrate.outcome import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

RuleClass = Literal["mechanical", "review", "impossible", "behaviour", "lint", "unresolved"]
NOTE_KINDS: Mapping[RuleClass, Kind] = {
    "review": Kind.REVIEW,
    "impossible": Kind.IMPOSSIBLE,
    "behaviour": Kind.BEHAVIOUR,
    "lint": Kind.LINT,
    "unresolved": Kind.UNRESOLVED,
    "mechanical": Kind.REVIEW,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that changed between standalone Keras and `tf.keras`.

    A rule of class `mechanical` rewrites; where a place is of its kind and cannot be rewritten, it tells so for review.
    All others tell. What a rule knows as data stands in its last fields; a rule without has code of its own in
    `envkit/migrate/`, found by its id.

    Attributes:
        id: Stable name, `topic/what-changed`.
        rule_class: Its class.
        before: How it is written in old code, for people.
        after: How it is written now; empty where there is no such thing.
        description: What is the matter, in one sentence.
        hint: What a person does where it is not rewritten.
        since: The first TensorFlow release that it holds for.
        until: The first one whose names it does not lead to any more; empty while there is none.
        moves: Dotted name of standalone Keras, or of a module with all that is in it -> dotted name in TensorFlow.
        arguments: Old keyword -> new keywords, of which the first that the callable has is taken.
        callables: The callables that `arguments` is about, as the beginnings of their dotted names.
        names: The dotted names that it tells of, each with all that stands behind it.
    """

    id: str
    rule_class: RuleClass
    before: str
    after: str
    description: str
    hint: str = ""
    since: str = "2.0.0"
    until: str = ""
    moves: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    callables: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What a note by this rule is about."""
        return NOTE_KINDS[self.rule_class]
