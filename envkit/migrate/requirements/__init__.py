"""What a project asks to be installed: leftover pins of Keras, and packages that import standalone Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.migrate.ignored import ignores
from envkit.migrate.outcome import Outcome
from envkit.migrate.requirements import declared, lists
from envkit.migrate.requirements.commands import notes as command
from envkit.migrate.requirements.places import Place, place
from envkit.migrate.requirements.wanted import names_any

if TYPE_CHECKING:
    from pathlib import PurePath

__all__ = ["RULES", "command", "migrate", "names_any"]

UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # marks at a file's beginning
UTF_8 = "\xef\xbb\xbf"

RULES = {
    "requirements/keras": "TensorFlow brings the Keras it works with; another one breaks `tf.keras`",
    "requirements/keras-applications": "`tf.keras.applications` has these models; this package serves Keras 2.2 alone",
    "requirements/keras-preprocessing": "TensorFlow up to 2.10 needs keras-preprocessing 1.1.1 or later",
    "requirements/imports-keras": "the package imports standalone Keras itself, and is not migrated with your code",
    "requirements/tensorflow": "the release that is asked for is not the one the code is migrated to",
}


def migrate(path: PurePath, content: bytes, release: str) -> Outcome:
    """Look at what a file asks to be installed, and take Keras out where that is safe: out of lists, one a line.

    Args:
        path: The file's; its name says what it is.
        content: All of it.
        release: Of TensorFlow, that the code is migrated to.
    """
    kind = place(path)
    if kind is None:
        return Outcome(content)
    if content.startswith(UTF_16):  # as some shells of Windows write `pip freeze > requirements.txt`
        return Outcome(content, unreadable="it is UTF-16", mend="save it as UTF-8")
    text = content.decode("latin-1")  # byte for character; all that is looked for is ASCII
    if kind in {Place.REQUIREMENTS, Place.CONSTRAINTS, Place.CONDA}:
        lead = UTF_8 if text.startswith(UTF_8) else ""
        outcome = lists.migrate(content.removeprefix(lead.encode("latin-1")), text.removeprefix(lead), kind, release)
        outcome = replace(outcome, content=lead.encode("latin-1") + outcome.content)
    elif kind is Place.COMMANDS:
        outcome = Outcome(content, notes=tuple(command(text, release)))
    else:
        outcome = Outcome(content, notes=tuple(declared.notes(path.name, text, release)))
    lines = text.split("\n")
    notes = tuple(one for one in outcome.notes if not ignores(lines[one.where.line - 1], one.rule))
    return replace(outcome, notes=notes)
