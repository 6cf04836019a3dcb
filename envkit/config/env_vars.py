"""What a variable may be called and hold; each function works as those in `fields`."""

from __future__ import annotations

import re

from envkit.config.display import UNPRINTABLE, code_point, quote

VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
ENV_VALUE_LIMIT_BYTES = 32 * 1024

_RESERVED_VARIABLE = (
    r"PATH|HOME|USER|ENV|BASH_ENV|IFS|VIRTUAL_ENV|PYTHONHOME|GLIBC_TUNABLES"
    r"|(?:LD|JUPYTER|JPY|ENVKIT|TRAITLETS)_.*"
)
# As a variable each of these would decide what the workspace believes without asking first, as its key does.
_CONFIG_KEYS = (
    (r"(?:PIP|UV)_.*", "can say where packages come from", "build.index"),
    (r".*_PROXY", "says which proxy is used", "build.proxy"),
    (r"SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE", "says which certificates are trusted", "build.ca"),
)
_CREDENTIAL_WORD = r"(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY)(?:_|$)"


def variable(value: str) -> str:
    """Accept the name of an environment variable that envkit leaves to the user."""
    if not re.fullmatch(VARIABLE_NAME, value):
        raise ValueError(f"{quote(value)} is no variable name; use letters, digits and _, not beginning with a digit")
    if re.fullmatch(_RESERVED_VARIABLE, value.upper()):
        raise ValueError(f"{value} is set by envkit or obeyed before your code runs; take it out")
    for pattern, effect, key in _CONFIG_KEYS:
        if re.fullmatch(pattern, value.upper()):
            raise ValueError(f"{value} {effect}; write {key}, which asks first, and take it out here")
    return value


def secret_name(value: str) -> str:
    """Accept the name of a secret, which with `_FILE` behind it becomes a variable."""
    variable(f"{variable(value)}_FILE")
    return value


def public_variable(value: str) -> str:
    """Accept the name of a variable whose value everybody may read."""
    variable(value)
    if looks_like_secret(value):
        raise ValueError(
            "a variable is shown by `docker inspect` and kept in files, so a secret does not belong in one; "
            f"write secrets: {{{value}: {{file: ~/.{value.lower()}}}}} and read the file that {value}_FILE names"
        )
    return value


def looks_like_secret(name: str) -> bool:
    """Say whether a name promises a secret. `…_FILE` names the place of one, which is none."""
    return bool(re.search(_CREDENTIAL_WORD, name.upper())) and not name.upper().endswith("_FILE")


def variable_value(value: str) -> str:
    """Accept the value of an environment variable: one line of up to 32 KiB. It is never shown in a message."""
    if match := UNPRINTABLE.search(value.replace("\t", " ")):
        raise ValueError(f"holds the unseen character {code_point(match.group())}; write one line of text")
    if len(value.encode()) > ENV_VALUE_LIMIT_BYTES:
        raise ValueError("is larger than 32 KiB; put it in a file of the workspace")
    return value
