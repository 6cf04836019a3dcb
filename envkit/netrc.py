"""The logins in a netrc file, the form in which pip, uv and curl read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A word, a word in quotes, or where a line ends: a macro ends at an empty one.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^\s]+|\n')
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_FIELDS = ("login", "password", "account")
_ALIASES = {"user": "login"}  # by some of its readers
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def for_host(text: str, host: str) -> str:
    """Return the part of a netrc file that is for one host, in the same form; empty where it has no password for it.

    The file's default is used where nothing else is for that host, as its readers do.

    Args:
        text: The file's text.
        host: Name of the host, without port.
    """
    entries = [(machine, values) for machine, values in _entries(text) if _password(values)]
    host_entries = [values for machine, values in entries if machine.lower() == host.lower()]
    selected = host_entries or [values for machine, values in entries if not machine]
    return "".join(f"machine {host}{_format_values(values)}\n" for values in selected)


def passwords(text: str) -> tuple[str, ...]:
    """Return every password of a netrc file, as written and as it is meant: what no log may show."""
    raw = {values["password"] for _, values in _entries(text) if _password(values)}
    unquoted = {value.strip('"') for value in raw} | {value[1:-1] for value in raw if _QUOTED.fullmatch(value)}
    unescaped = {_ESCAPE.sub(r"\1", value) for value in unquoted}
    return tuple(sorted((raw | unquoted | unescaped) - {""}, key=len, reverse=True))


def _password(values: dict[str, str]) -> str:
    return values.get("password", "").strip('"')


def _format_values(values: dict[str, str]) -> str:
    return "".join(f" {key} {values[key]}" for key in _FIELDS if key in values)


def _entries(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each machine, empty for the default, with what is said of it."""
    tokens = iter(_TOKEN.findall(text))
    machine: str | None = None
    values: dict[str, str] = {}
    for key in tokens:
        if key in {"machine", "default"}:
            if machine is not None:
                yield machine, values
            machine, values = "" if key == "default" else _next_word(tokens), {}
        elif _ALIASES.get(key, key) in _FIELDS:
            values[_ALIASES.get(key, key)] = _next_word(tokens)
        elif key == "macdef":
            _skip_macro(tokens)
        elif key.startswith("#"):
            next((word for word in tokens if word == "\n"), None)
    if machine is not None:
        yield machine, values


def _next_word(tokens: Iterator[str]) -> str:
    return next((word for word in tokens if word != "\n"), "")


def _skip_macro(tokens: Iterator[str]) -> None:
    previous = ""
    for word in tokens:
        if word == previous == "\n":
            return
        previous = word
