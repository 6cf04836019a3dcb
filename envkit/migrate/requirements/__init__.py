"""Requirements of a project: obsolete pins of Keras, and packages that import standalone Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Outcome
from envkit.migrate.requirements import images, project_metadata, requirement_files
from envkit.migrate.requirements.file_kinds import FileKind, classify
from envkit.migrate.requirements.install_commands import notes as command_notes
from envkit.migrate.requirements.requirement import names_any
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    from pathlib import PurePath

__all__ = ["RULES", "command_notes", "migrate", "names_any"]

UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")
UTF_8_BOM = "\xef\xbb\xbf"

RULES = {
    "requirements/keras": "TensorFlow includes a matching Keras; another version breaks `tf.keras`",
    "requirements/keras-applications": "`tf.keras.applications` has these models; this package only supports Keras 2.2",
    "requirements/keras-preprocessing": "TensorFlow up to 2.10 needs keras-preprocessing 1.1.1 or later",
    "requirements/imports-keras": "the package imports standalone Keras itself and is not migrated with your code",
    "requirements/tensorflow": "the required release differs from the target release of the migration",
}


def migrate(path: PurePath, content: bytes, release: str) -> Outcome:
    """Inspect the requirements in a file, and remove Keras if it is safe: from lists with one requirement per line.

    Args:
        path: Path of the file; its name determines the format.
        content: Bytes of the file.
        release: Target TensorFlow release.
    """
    kind = classify(path)
    if kind is None:
        return Outcome(content)
    if content.startswith(UTF_16_BOMS):  # some Windows shells write `pip freeze > requirements.txt` as UTF-16
        return Outcome(content, error="the file is UTF-16", hint="save it as UTF-8")
    text = content.decode("latin-1")  # one character per byte; all patterns are ASCII
    if kind in {FileKind.REQUIREMENTS, FileKind.CONSTRAINTS, FileKind.CONDA}:
        bom = UTF_8_BOM if text.startswith(UTF_8_BOM) else ""
        outcome = requirement_files.migrate(
            content.removeprefix(bom.encode("latin-1")), text.removeprefix(bom), kind, release
        )
        outcome = replace(outcome, content=bom.encode("latin-1") + outcome.content)
    elif kind is FileKind.COMMANDS:
        all_notes = (*command_notes(text, release), *images.notes(text, release))
        outcome = Outcome(content, notes=tuple(sorted(all_notes, key=lambda note: note.location)))
    else:
        outcome = Outcome(content, notes=tuple(project_metadata.notes(path.name, text, release)))
    lines = text.split("\n")
    notes = tuple(note for note in outcome.notes if not is_suppressed(lines[note.location.line - 1], note.rule))
    return replace(outcome, notes=notes)
