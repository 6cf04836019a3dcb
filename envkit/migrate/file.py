"""One file, by its name: Python, a notebook, or what a project asks to be installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.migrate import notebook, requirements
from envkit.migrate.outcome import Outcome
from envkit.migrate.requirements.places import place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath

PYTHON = {".py", ".pyw"}
NOTEBOOK = ".ipynb"
# Names that Python imports are written so; package indexes take any case.
WORD, OF_PACKAGES = b"keras", (b"keras", b"Keras", b"KERAS")
RULES = {
    **requirements.RULES,
    notebook.FOREIGN: "a cell under `%%writefile` or the like imports keras, and is left alone",
}


def is_known(path: PurePath) -> bool:
    """Say whether a file is one to look at, by its name."""
    return path.suffix in {*PYTHON, NOTEBOOK} or place(path) is not None


def mentions(path: PurePath, content: bytes) -> bool:
    """Say whether there can be anything to do or to tell: most files are done with here."""
    if place(path) is None:
        return any(word in content for word in ((WORD,) if path.suffix in PYTHON else OF_PACKAGES))
    if content.startswith(requirements.UTF_16):
        return any(word in content.replace(b"\0", b"") for word in OF_PACKAGES)
    return requirements.names_any(content)


def migrate(
    path: PurePath, content: bytes, code: Callable[[bytes], Outcome], release: str, off: frozenset[str] = frozenset()
) -> Outcome:
    """Migrate a file.

    Args:
        path: Its name says what it is; below the folder that is looked through, so that no folder above counts.
        content: All of it.
        code: Migrates Python.
        release: Of TensorFlow.
        off: Rules that are switched off; `code` knows that of its own ones.
    """
    if path.suffix == NOTEBOOK:
        return _switched(notebook.migrate(content, code, release), content, off)
    listed = _switched(requirements.migrate(path, content, release), content, off)
    if path.suffix not in PYTHON:
        return listed
    outcome = code(content) if WORD in content else Outcome(content)
    notes = sorted((*outcome.notes, *listed.notes), key=lambda one: one.where)
    return replace(outcome, notes=tuple(notes)) if listed.notes else outcome


def _switched(outcome: Outcome, content: bytes, off: frozenset[str]) -> Outcome:
    """Return an outcome without what is switched off; of what is done here, one rule alone rewrites a file."""
    notes = tuple(one for one in outcome.notes if one.rule not in off)
    if any(one.rule in off for one in outcome.rewrites):
        return Outcome(content, notes=notes)
    return replace(outcome, notes=notes)
