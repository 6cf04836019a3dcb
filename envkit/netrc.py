"""The logins in a netrc file, the form in which pip, uv and curl read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A word, a word in quotes, or where a line ends: a macro ends at an empty one.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^\s]+|\n')
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_VALUES = ("login", "password", "account")
_CALLED = {"user": "login"}  # by some of its readers
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def only(text: str, host: str) -> str:
    """Return the part of a netrc file that is for one host, in the same form; empty where it has no password for it.

    The file's default is used where nothing else is for that host, as its readers do.

    Args:
        text: The file's text.
        host: Name of the host, without port.
    """
    entries = [(machine, values) for machine, values in _entries(text) if _password(values)]
    own = [values for machine, values in entries if machine.lower() == host.lower()]
    found = own or [values for machine, values in entries if not machine]
    return "".join(f"machine {host}{_written(values)}\n" for values in found)


def passwords(text: str) -> tuple[str, ...]:
    """Return every password of a netrc file, as written and as it is meant: what no log may show."""
    found = {values["password"] for _, values in _entries(text) if _password(values)}
    bare = {one.strip('"') for one in found} | {one[1:-1] for one in found if _QUOTED.fullmatch(one)}
    meant = {_ESCAPED.sub(r"\1", one) for one in bare}
    return tuple(sorted((found | bare | meant) - {""}, key=len, reverse=True))


def _password(values: dict[str, str]) -> str:
    return values.get("password", "").strip('"')


def _written(values: dict[str, str]) -> str:
    return "".join(f" {key} {values[key]}" for key in _VALUES if key in values)


def _entries(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each machine, empty for the default, with what is said of it."""
    tokens = iter(_TOKEN.findall(text))
    machine: str | None = None
    values: dict[str, str] = {}
    for key in tokens:
        if key in {"machine", "default"}:
            if machine is not None:
                yield machine, values
            machine, values = "" if key == "default" else _word(tokens), {}
        elif _CALLED.get(key, key) in _VALUES:
            values[_CALLED.get(key, key)] = _word(tokens)
        elif key == "macdef":
            _pass_macro(tokens)
        elif key.startswith("#"):
            next((one for one in tokens if one == "\n"), None)
    if machine is not None:
        yield machine, values


def _word(tokens: Iterator[str]) -> str:
    return next((one for one in tokens if one != "\n"), "")


def _pass_macro(tokens: Iterator[str]) -> None:
    before = ""
    for one in tokens:
        if one == before == "\n":
            return
        before = one
