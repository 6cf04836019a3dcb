"""Compare versions of Debian packages by dpkg's rules."""

from __future__ import annotations

import re

VERSION_PATTERN = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?(?P<upstream>[0-9][A-Za-z0-9.+~-]{0,99}?(?<!-))(?:-(?P<revision>[A-Za-z0-9.+~]{1,99}))?"
)


def is_older(version: str, other: str) -> bool | None:
    """Return whether a version is older than another; None if one of them is not a valid version."""
    version_key, other_key = _sort_key(version), _sort_key(other)
    return None if version_key is None or other_key is None else version_key < other_key


def _sort_key(version: str) -> tuple[object, ...] | None:
    """Build the sort key of a version; None if the version is invalid."""
    match = VERSION_PATTERN.fullmatch(version)
    if match is None:
        return None
    return int(match["epoch"] or 0), _parts(match["upstream"]), _parts(match["revision"] or "")


def _parts(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Split into pairs of a word and a number; the end of a word sorts after `~` and before all else."""
    pairs = re.findall(r"([^0-9]*)([0-9]*)", text)
    return tuple(((*map(_rank, word), 0), int(number or 0)) for word, number in pairs)


def _rank(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
