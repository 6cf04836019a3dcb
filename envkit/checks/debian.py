"""Which of two versions of a Debian package is the older one, by the rules of dpkg."""

from __future__ import annotations

import re

SHAPE = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?(?P<upstream>[0-9][A-Za-z0-9.+~-]{0,99}?(?<!-))(?:-(?P<revision>[A-Za-z0-9.+~]{1,99}))?"
)


def older(version: str, than: str) -> bool | None:
    """Say whether a version is older than another; None where one of them is no version."""
    one, other = _order(version), _order(than)
    return None if one is None or other is None else one < other


def _order(version: str) -> tuple[object, ...] | None:
    """Return what versions are ordered by, or None for what is none."""
    found = SHAPE.fullmatch(version)
    if found is None:
        return None
    return int(found["epoch"] or 0), _parts(found["upstream"]), _parts(found["revision"] or "")


def _parts(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return words and numbers in turn; the end of a word comes after `~` and before all else."""
    turns = re.findall(r"([^0-9]*)([0-9]*)", text)
    return tuple(((*map(_rank, word), 0), int(number or 0)) for word, number in turns)


def _rank(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
