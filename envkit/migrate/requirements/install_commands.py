"""Install commands in Dockerfiles, CI files, scripts and notebook cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Location
from envkit.migrate.requirements.requirement import make_note, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.outcome import Note

INSTALL = re.compile(r"\b(?:pip[0-9.]*|conda|mamba|micromamba)[ \t]+install\b(?P<words>(?:\\\r?\n|[^|;&\n\\])*)")
WORD = re.compile(r"(?P<quote>[\"']?)(?P<text>[A-Za-z][^\s\"'\\]*)(?P=quote)(?=\s|\\|$)")
WORD_SEPARATORS = frozenset(" \t\r\n\f\v\\")


def notes(text: str, release: str) -> Iterator[Note]:
    """Yield notes about the packages that the commands in a text install."""
    for install in INSTALL.finditer(text):
        if _is_comment(text, install.start()):
            continue
        for word in WORD.finditer(install["words"]):
            if word.start() and install["words"][word.start() - 1] not in WORD_SEPARATORS:
                continue
            offset = install.start("words") + word.start("text")
            line = text.count("\n", 0, offset) + 1
            requirement = parse_requirement(word["text"], Location(line, offset - text.rfind("\n", 0, offset)))
            note = make_note(requirement, release) if requirement else None
            if note is not None:
                yield note


def _is_comment(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith("#")
