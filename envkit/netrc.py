"""Parse the logins of a netrc file in the format that pip, uv and curl read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A word, a quoted word, or a line end: a macro ends at an empty line.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^\s]+|\n')
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_FIELDS = ("login", "password", "account")
_ALIASES = {"user": "login"}  # accepted by some readers
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def for_host(text: str, host: str) -> str:
    """Return the entries of a netrc file for one host, in the same format; empty without a password for it.

    If there is no entry for the host, the file's default is used, as other readers do.

    Args:
        text: Text of the file.
        host: Name of the host, without port.
    """
    entries = [(machine, values) for machine, values in _entries(text) if _password(values)]
    host_entries = [values for machine, values in entries if machine.lower() == host.lower()]
    selected = host_entries or [values for machine, values in entries if not machine]
    return "".join(f"machine {host}{_format_values(values)}\n" for values in selected)


def login(text: str, host: str) -> str:
    """Return the login of a host as `user:password`; empty without a password for it."""
    entries = [values for machine, values in _entries(for_host(text, host)) if machine == host]
    values = {key: _ESCAPE.sub(r"\1", value.strip('"')) for key, value in entries[0].items()} if entries else {}
    return f"{values.get('login', '')}:{values['password']}" if values.get("password") else ""


def passwords(text: str) -> tuple[str, ...]:
    """Return every password of a netrc file, as written and unescaped, to redact them from logs."""
    raw = {values["password"] for _, values in _entries(text) if _password(values)}
    unquoted = {value.strip('"') for value in raw} | {value[1:-1] for value in raw if _QUOTED.fullmatch(value)}
    unescaped = {_ESCAPE.sub(r"\1", value) for value in unquoted}
    return tuple(sorted((raw | unquoted | unescaped) - {""}, key=len, reverse=True))


def _password(values: dict[str, str]) -> str:
    return values.get("password", "").strip('"')


def _format_values(values: dict[str, str]) -> str:
    return "".join(f" {key} {values[key]}" for key in _FIELDS if key in values)


def _entries(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each machine with its fields; an empty name stands for the default."""
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
