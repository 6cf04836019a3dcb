"""A migration rule: one row of the rule table."""

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
    """One change between standalone Keras and `tf.keras`.

    A rule of class `mechanical` rewrites code; if a match cannot be rewritten, it adds a review note. Rules of other
    classes add notes. The last fields hold the data of a rule; a rule without data is implemented in
    `envkit/migrate/`, by its id.

    Attributes:
        id: Stable name, `topic/what-changed`.
        rule_class: Class of the rule.
        before: Example of old code.
        after: Example of new code, or empty if there is no replacement.
        description: Problem, in one sentence.
        hint: Fix by hand, for matches that are not rewritten.
        since: First TensorFlow release to which the rule applies.
        until: First TensorFlow release that no longer has the new names, or empty.
        moves: Dotted name in standalone Keras, or of a module with all its names -> dotted name in TensorFlow.
        arguments: Old keyword -> new keywords; the first one that the callable accepts is used.
        callables: Prefixes of the dotted names of callables to which `arguments` applies.
        names: Dotted names that get a note, each including the names below it.
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
        """Kind of the notes of this rule."""
        return NOTE_KINDS[self.rule_class]
