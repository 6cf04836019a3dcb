"""What a project asks to be installed: leftover pins of Keras, and packages that import standalone Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Outcome
from envkit.migrate.requirements import project_metadata, requirement_files
from envkit.migrate.requirements.file_kinds import FileKind, classify
from envkit.migrate.requirements.install_commands import notes as command
from envkit.migrate.requirements.requirement import names_any
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    from pathlib import PurePath

__all__ = ["RULES", "command", "migrate", "names_any"]

UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")  # marks at a file's beginning
UTF_8_BOM = "\xef\xbb\xbf"

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
    kind = classify(path)
    if kind is None:
        return Outcome(content)
    if content.startswith(UTF_16_BOMS):  # as some shells of Windows write `pip freeze > requirements.txt`
        return Outcome(content, error="it is UTF-16", hint="save it as UTF-8")
    text = content.decode("latin-1")  # byte for character; all that is looked for is ASCII
    if kind in {FileKind.REQUIREMENTS, FileKind.CONSTRAINTS, FileKind.CONDA}:
        bom = UTF_8_BOM if text.startswith(UTF_8_BOM) else ""
        outcome = requirement_files.migrate(
            content.removeprefix(bom.encode("latin-1")), text.removeprefix(bom), kind, release
        )
        outcome = replace(outcome, content=bom.encode("latin-1") + outcome.content)
    elif kind is FileKind.COMMANDS:
        outcome = Outcome(content, notes=tuple(command(text, release)))
    else:
        outcome = Outcome(content, notes=tuple(project_metadata.notes(path.name, text, release)))
    lines = text.split("\n")
    notes = tuple(note for note in outcome.notes if not is_suppressed(lines[note.location.line - 1], note.rule))
    return replace(outcome, notes=notes)
