"""What a user may add to the image: names of Debian packages, and requirements of Python packages."""

from __future__ import annotations

import re

from envkit.config.display import quote

APT_PACKAGE = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](=[A-Za-z0-9.+:~-]+)?"

_COMMENT = r"(?:^|\s)#.*"
# What a requirement is written with. In a requirements file a backslash continues the line, `#` begins a comment,
# and ${NAME} is replaced; `/`, `@` and `:` belong to addresses.
_REQUIREMENT_CHARACTERS = r"""[A-Za-z0-9 ._\-\[\],<>=!~;()'"*+]+"""
_REQUIREMENT_MAX = 500
_REQUIREMENT_HINT = "write a name and versions, such as pandas==1.4.*"


def apt_package(value: str) -> str:
    """Accept the name of a Debian package, with a version or without; an option is none.

    Raises:
        ValueError: It is none; says the mend.
    """
    if len(value) <= 200 and re.fullmatch(APT_PACKAGE, value):
        return value
    raise ValueError(
        f"{quote(value)} is no Debian package; write its name in lower case, "
        "or name and version such as graphviz=2.42.2-7"
    )


def requirement(value: str) -> str:
    """Accept a requirement by name, extras, versions and markers: no address, no option, one line.

    Raises:
        ValueError: It is none; says the mend.
    """
    # Imported where a config lists packages: most do not, and every command loads a config.
    from packaging.requirements import InvalidRequirement, Requirement

    text = value.strip(" ")
    if text.startswith("-"):
        raise ValueError(f"{quote(text)} is an option for pip, and only packages are listed here; {_REQUIREMENT_HINT}")
    try:
        parsed = Requirement(text) if len(text) <= _REQUIREMENT_MAX else None
    except (InvalidRequirement, RecursionError):
        parsed = None
    if parsed and parsed.url:
        raise ValueError(
            f"{quote(parsed.name)} is to come from an address, and packages come from the package index alone; "
            f"{_REQUIREMENT_HINT}"
        )
    if parsed is None or not re.fullmatch(_REQUIREMENT_CHARACTERS, text):
        raise ValueError(f"{quote(text)} is no requirement; {_REQUIREMENT_HINT}")
    return text


def requirement_lines(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Read a requirements file.

    Returns:
        Its requirements, and what is wrong with other lines: their 1-based numbers and messages.
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
