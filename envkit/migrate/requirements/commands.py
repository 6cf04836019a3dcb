"""Commands that install something: in Dockerfiles, CI, scripts, and cells of notebooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Where
from envkit.migrate.requirements.wanted import note, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.outcome import Note

INSTALL = re.compile(r"\b(?:pip[0-9.]*|conda|mamba|micromamba)[ \t]+install\b(?P<words>(?:\\\r?\n|[^|;&\n\\])*)")
WORD = re.compile(r"(?P<quote>[\"']?)(?P<text>[A-Za-z][^\s\"'\\]*)(?P=quote)(?=\s|\\|$)")
BEFORE = frozenset(" \t\r\n\f\v\\")


def notes(text: str, release: str) -> Iterator[Note]:
    """Yield what is to be said of the packages that commands in a text install."""
    for found in INSTALL.finditer(text):
        if _is_comment(text, found.start()):
            continue
        for word in WORD.finditer(found["words"]):
            if word.start() and found["words"][word.start() - 1] not in BEFORE:
                continue
            at = found.start("words") + word.start("text")
            line = text.count("\n", 0, at) + 1
            one = wanted(word["text"], Where(line, at - text.rfind("\n", 0, at)))
            told = note(one, release) if one else None
            if told is not None:
                yield told


def _is_comment(text: str, at: int) -> bool:
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#")
