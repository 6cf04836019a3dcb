"""Make untrusted text safe to print.

The output of containers, logs and servers may contain escape sequences that rewrite a terminal, or direction marks
that change how a line reads. These characters are escaped.
"""

from __future__ import annotations

ALLOWED_CONTROLS = frozenset("\n\t")


def escape_controls(text: str) -> str:
    r"""Replace control and invisible characters by their escapes, such as `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_character(character) for character in text)


def single_line(text: str, limit: int = 300) -> str:
    """Return a text as one escaped line, truncated to `limit` characters with an ellipsis."""
    joined = escape_controls(" ".join(text.split()))
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def _escape_character(character: str) -> str:
    return (
        character
        if character.isprintable() or character in ALLOWED_CONTROLS
        else character.encode("unicode_escape").decode()
    )
