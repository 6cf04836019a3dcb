"""How keys and values are shown in messages: short, on one line, without what hides or must stay hidden."""

from __future__ import annotations

import re
from typing import Any

KeyPath = tuple["str | int", ...]

SHOWN_CHARACTERS = 60

# Control characters, and those that break a line, have no width or turn the reading direction around:
# what a person approves must be what the machine reads. Tab and the line breaks of a text are not in it.
_UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
HIDDEN_CHARACTER = re.compile(f"[{_UNSEEN}]")
UNPRINTABLE = re.compile(rf"[{_UNSEEN}\t\n\r]")

_CREDENTIALS = re.compile(r"//[^/\s]*@")
_STEP = re.compile(r"\[([0-9]{1,6})\]|\.?([^.\[\]]+)")


def name_character(character: str) -> str:
    """Name a character that cannot be seen, such as `U+0000`."""
    return f"U+{ord(character):04X}"


def shown(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Show a text: escaped, shortened, and without the credentials of a URL."""
    safe = UNPRINTABLE.sub(_escaped, _CREDENTIALS.sub("//…@", text)[: limit + 1])
    return safe if len(safe) <= limit else safe[:limit] + "…"


def quoted(text: str) -> str:
    """Show a text in double quotes."""
    return f'"{shown(text)}"'


def described(value: Any) -> str:
    """Name the kind of a YAML value, and the value itself where it is short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the YAML word {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def dotted(path: KeyPath) -> str:
    """Write a path of keys as `mounts[0].target`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{shown(step, 40)}" for step in path)
    return "".join(steps).removeprefix(".")


def undotted(key: str) -> KeyPath:
    """Read a path of keys back from `mounts[0].target`."""
    return tuple(int(number) if number else word for number, word in _STEP.findall(key))


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()
