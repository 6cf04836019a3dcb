"""Rules of the user's packages: names of Debian packages, and requirements of Python packages."""

from __future__ import annotations

import re

from envkit.config.display import quote
from envkit.config.invalid_value import InvalidValueError

APT_PACKAGE = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](=[A-Za-z0-9.+:~-]+)?"

_COMMENT = r"(?:^|\s)#.*"
# In a requirements file, a backslash continues the line, `#` starts a comment, and ${NAME} is expanded; `/`, `@` and
# `:` are parts of URLs.
_REQUIREMENT_CHARACTERS = r"""[A-Za-z0-9 ._\-\[\],<>=!~;()'"*+]+"""
_REQUIREMENT_MAX = 500
_REQUIREMENT_HINT = "use a name and versions, such as pandas==1.4.*"


def apt_package(value: str) -> str:
    """Accept the name of a Debian package, with or without a version.

    Raises:
        InvalidValueError: The value is not a package name.
    """
    if len(value) <= 200 and re.fullmatch(APT_PACKAGE, value):
        return value
    raise InvalidValueError(
        f"{quote(value)} is not a Debian package name; use a lower-case name, "
        "or a name and version such as graphviz=2.42.2-7"
    )


def requirement(value: str) -> str:
    """Accept a requirement of name, extras, versions and markers on one line, without URL and options.

    Raises:
        InvalidValueError: The value is not such a requirement.
    """
    # A slow import that most configs do not need, and every command loads a config.
    from packaging.requirements import InvalidRequirement, Requirement

    text = value.strip(" ")
    if text.startswith("-"):
        raise InvalidValueError(f"{quote(text)} is a pip option, not a package; {_REQUIREMENT_HINT}")
    try:
        parsed = Requirement(text) if len(text) <= _REQUIREMENT_MAX else None
    except (InvalidRequirement, RecursionError):
        parsed = None
    if parsed and parsed.url:
        raise InvalidValueError(
            f"{quote(parsed.name)} has a URL, but packages must come from the package index; {_REQUIREMENT_HINT}"
        )
    if parsed is None or not re.fullmatch(_REQUIREMENT_CHARACTERS, text):
        raise InvalidValueError(f"{quote(text)} is not a valid requirement; {_REQUIREMENT_HINT}")
    return text


def requirement_lines(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Parse a requirements file.

    Returns:
        Its requirements, and the 1-based numbers and messages of invalid lines.
    """
    requirements: list[str] = []
    errors: list[tuple[int, str]] = []
    for line_number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not (content := re.sub(_COMMENT, "", line).strip()):
            continue
        try:
            requirements.append(requirement(content))
        except ValueError as error:
            errors.append((line_number, str(error)))
    return tuple(requirements), tuple(errors)
