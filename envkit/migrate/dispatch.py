"""One file, by its name: Python, a notebook, or what a project asks to be installed."""

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
# Names that Python imports are written so; package indexes take any case.
KERAS_MODULE, KERAS_PACKAGE_NAMES = b"keras", (b"keras", b"Keras", b"KERAS")
RULES = {
    **requirements.RULES,
    notebook.FOREIGN_CELL_RULE: "a cell under `%%writefile` or the like imports keras, and is left alone",
}


def is_supported(path: PurePath) -> bool:
    """Say whether a file is one to look at, by its name."""
    return path.suffix in {*PYTHON_SUFFIXES, NOTEBOOK_SUFFIX} or classify(path) is not None


def mentions_keras(path: PurePath, content: bytes) -> bool:
    """Say whether there can be anything to do or to tell: most files are done with here."""
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
        path: Its name says what it is; below the folder that is looked through, so that no folder above counts.
        content: All of it.
        migrate_python: Migrates Python.
        release: Of TensorFlow.
        disabled_rules: Rules that are switched off; `migrate_python` knows that of its own ones.
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
    """Return an outcome without what is switched off; of what is done here, one rule alone rewrites a file."""
    notes = tuple(note for note in outcome.notes if note.rule not in disabled_rules)
    if any(rewrite.rule in disabled_rules for rewrite in outcome.rewrites):
        return Outcome(content, notes=notes)
    return replace(outcome, notes=notes)
