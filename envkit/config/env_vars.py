"""Rules of environment variables and secrets, with functions like those in `fields`."""

from __future__ import annotations

import re

from envkit.config.display import UNPRINTABLE, code_point, quote
from envkit.config.invalid_value import InvalidValueError

VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
ENV_VALUE_LIMIT_BYTES = 32 * 1024

_RESERVED_VARIABLE = (
    r"PATH|HOME|USER|ENV|BASH_ENV|IFS|VIRTUAL_ENV|PYTHONHOME|GLIBC_TUNABLES"
    r"|(?:LD|JUPYTER|JPY|ENVKIT|TRAITLETS)_.*"
)
# Each of these variables changes what the workspace trusts, but without the approval that its key requires.
_CONFIG_KEYS = (
    (r"(?:PIP|UV)_.*", "controls the package index", "build.index"),
    (r".*_PROXY", "controls the proxy", "build.proxy"),
    (r"SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE", "controls the trusted certificates", "build.ca"),
)
_CREDENTIAL_WORD = (
    r"(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_|$)|(?:^|_)(?:PASS|PAT)$|_PWD$"
)
_URL_WITH_LOGIN = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:]*:[^\s/?#@]+@"


def variable(value: str) -> str:
    """Accept the name of an environment variable that users may set."""
    if not re.fullmatch(VARIABLE_NAME, value):
        hint = "use letters, digits and _, not starting with a digit"
        raise InvalidValueError(f"{quote(value)} is not a valid variable name; {hint}")
    if re.fullmatch(_RESERVED_VARIABLE, value.upper()):
        message = f"{value} is set by envkit or takes effect before your code runs; remove it"
        raise InvalidValueError(message, code="reserved-variable")
    for pattern, effect, key in _CONFIG_KEYS:
        if re.fullmatch(pattern, value.upper()):
            message = f"{value} {effect}; remove it, and set {key}, which requires approval"
            raise InvalidValueError(message, code="reserved-variable")
    return value


def secret_name(value: str) -> str:
    """Accept the name of a secret; with the suffix `_FILE` it becomes a variable."""
    variable(f"{variable(value)}_FILE")
    return value


def public_variable(value: str) -> str:
    """Accept the name of a variable whose value is public."""
    variable(value)
    if looks_like_secret(value):
        message = (
            "variables are shown by `docker inspect` and stored in files, so they must not contain secrets; "
            f"use secrets: {{{value}: {{file: ~/.{value.lower()}}}}} and read the file that {value}_FILE names"
        )
        raise InvalidValueError(message, code="secret-in-env")
    return value


def looks_like_secret(name: str) -> bool:
    """Check whether the name of a variable suggests a secret; `…_FILE` names a path instead."""
    return bool(re.search(_CREDENTIAL_WORD, name.upper())) and not name.upper().endswith("_FILE")


def holds_password(value: str) -> bool:
    """Check whether a value contains a URL with a password."""
    return bool(re.search(_URL_WITH_LOGIN, value))


def variable_value(value: str) -> str:
    """Accept the value of an environment variable: one line of up to 32 KiB. Messages never show it."""
    if holds_password(value):
        message = "contains a URL with a password, which `docker inspect` shows; put it into a file and use secrets:"
        raise InvalidValueError(message, code="secret-in-env")
    if match := UNPRINTABLE.search(value.replace("\t", " ")):
        message = f"contains the invisible character {code_point(match.group())}; use a single line of text"
        raise InvalidValueError(message, code="hidden-character")
    if len(value.encode()) > ENV_VALUE_LIMIT_BYTES:
        raise InvalidValueError("is larger than 32 KiB; store it in a file of the workspace")
    return value
