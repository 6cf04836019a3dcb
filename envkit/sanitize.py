"""Text from elsewhere, made safe to show.

What a container, a log or a server printed may carry escape sequences that rewrite a terminal, or direction marks
that make a line read as another one. Nothing of that kind is shown as it is.
"""

from __future__ import annotations

ALLOWED_CONTROLS = frozenset("\n\t")


def escape_controls(text: str) -> str:
    r"""Return a text in which every character shows itself; `\x1b`, written out, stands for an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_character(character) for character in text)


def single_line(text: str, limit: int = 300) -> str:
    """Return a text as one plain line of at most `limit` characters, the rest cut off and marked."""
    joined = escape_controls(" ".join(text.split()))
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def _escape_character(character: str) -> str:
    return (
        character
        if character.isprintable() or character in ALLOWED_CONTROLS
        else character.encode("unicode_escape").decode()
    )
