"""Migrate one file according to its name: Python source, a notebook, or a file with package requirements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.migrate import notebook, requirements
from envkit.migrate.outcome import Outcome
from envkit.migrate.requirements.file_kinds import classify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath

PYTHON_SUFFIXES = {".py", ".pyw"}
NOTEBOOK_SUFFIX = ".ipynb"
# Python module names are case-sensitive; package names are not.
KERAS_MODULE, KERAS_PACKAGE_NAMES = b"keras", (b"keras", b"Keras", b"KERAS")
PROJECT_STAR_RULE = "imports/project-star"
RULES = {
    **requirements.RULES,
    PROJECT_STAR_RULE: "a star import brings names of Keras from another file of the project; they are not followed",
    notebook.FOREIGN_CELL_RULE: "a cell with `%%writefile` or a similar magic imports keras and is not rewritten",
}


def is_supported(path: PurePath) -> bool:
    """Check by its name whether migrate handles the file."""
    return path.suffix in {*PYTHON_SUFFIXES, NOTEBOOK_SUFFIX} or classify(path) is not None


def mentions_keras(path: PurePath, content: bytes) -> bool:
    """Check whether the content can need a rewrite or a note. This quick test rules out most files."""
    if classify(path) is None:
        return any(
            spelling in content
            for spelling in ((KERAS_MODULE,) if path.suffix in PYTHON_SUFFIXES else KERAS_PACKAGE_NAMES)
        )
    if content.startswith(requirements.UTF_16_BOMS):
        return any(spelling in content.replace(b"\0", b"") for spelling in KERAS_PACKAGE_NAMES)
    return requirements.names_any(content)


def migrate(
    path: PurePath,
    content: bytes,
    migrate_python: Callable[[bytes], Outcome],
    release: str,
    disabled_rules: frozenset[str] = frozenset(),
) -> Outcome:
    """Migrate a file.

    Args:
        path: Path relative to the searched folder; it determines the kind of file.
        content: The whole file.
        migrate_python: Function that migrates Python source.
        release: Target TensorFlow release.
        disabled_rules: Ids of disabled rules other than those of `migrate_python`, which has its own.
    """
    if path.suffix == NOTEBOOK_SUFFIX:
        return _drop_disabled(notebook.migrate(content, migrate_python, release), content, disabled_rules)
    requirements_outcome = _drop_disabled(requirements.migrate(path, content, release), content, disabled_rules)
    if path.suffix not in PYTHON_SUFFIXES:
        return requirements_outcome
    outcome = migrate_python(content) if KERAS_MODULE in content else Outcome(content)
    notes = sorted((*outcome.notes, *requirements_outcome.notes), key=lambda note: note.location)
    return replace(outcome, notes=tuple(notes)) if requirements_outcome.notes else outcome


def _drop_disabled(outcome: Outcome, content: bytes, disabled_rules: frozenset[str]) -> Outcome:
    """Drop the notes and rewrites of disabled rules. All rewrites of one file here come from a single rule."""
    notes = tuple(note for note in outcome.notes if note.rule not in disabled_rules)
    if any(rewrite.rule in disabled_rules for rewrite in outcome.rewrites):
        return Outcome(content, notes=notes)
    return replace(outcome, notes=notes)
