"""Display of keys and values in messages: short, on one line, without invisible characters and credentials."""

from __future__ import annotations

import re
from typing import Any

KeyPath = tuple["str | int", ...]

DISPLAY_LENGTH_MAX = 60

# Control characters, and characters that break a line, have no width or change the reading direction: a user must
# see exactly what is approved. Tab and ordinary line breaks are not included.
_INVISIBLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
HIDDEN_CHARACTER = re.compile(f"[{_INVISIBLE}]")
UNPRINTABLE = re.compile(rf"[{_INVISIBLE}\t\n\r]")

_CREDENTIALS = re.compile(r"//[^/\s]*@")
_PATH_PART = re.compile(r"\[([0-9]{1,6})\]|\.?([^.\[\]]+)")


def code_point(character: str) -> str:
    """Format the code point of a character, such as `U+0000`."""
    return f"U+{ord(character):04X}"


def display_text(text: str, limit: int = DISPLAY_LENGTH_MAX) -> str:
    """Escape and shorten a text, and remove the credentials of URLs."""
    escaped = UNPRINTABLE.sub(_escape_match, _CREDENTIALS.sub("//…@", text)[: limit + 1])
    return escaped if len(escaped) <= limit else escaped[:limit] + "…"


def quote(text: str) -> str:
    """Format a text in double quotes."""
    return f'"{display_text(text)}"'


def describe(value: Any) -> str:
    """Describe the type of a YAML value, and the value itself if it is a scalar."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {quote(value)}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def format_key_path(path: KeyPath) -> str:
    """Format a path of keys as `mounts[0].target`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{display_text(part, 40)}" for part in path)
    return "".join(parts).removeprefix(".")


def parse_key_path(key: str) -> KeyPath:
    """Parse a path of keys from `mounts[0].target`."""
    return tuple(int(index) if index else name for index, name in _PATH_PART.findall(key))


def _escape_match(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()
