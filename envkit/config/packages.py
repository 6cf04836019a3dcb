"""Rules of the user's packages: names of Debian packages, and requirements of Python packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.config.display import quote
from envkit.config.invalid_value import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

APT_PACKAGE = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](=[A-Za-z0-9.+:~-]+)?"

_COMMENT = r"(?:^|\s)#.*"
_HASH = r"--hash[= ](?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})"
_HASHES = re.compile(rf"(?P<specifier>.*?)(?P<hashes>(?:\s+{_HASH})+)", re.ASCII | re.DOTALL)
_IGNORED_OPTIONS = {"--require-hashes"}  # hashes in the file are checked in any case
# In a requirements file, a backslash continues the line, `#` starts a comment, and ${NAME} is expanded; `/`, `@` and
# `:` are parts of URLs.
_REQUIREMENT_CHARACTERS = r"""[A-Za-z0-9 ._\-\[\],<>=!~;()'"*+]+"""
_INDEX_OPTIONS = ("-i ", "--index-url", "--extra-index-url", "-f ", "--find-links")
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


def split_hashes(requirement: str) -> tuple[str, tuple[str, ...]]:
    """Split a requirement into name with versions, and its hashes, such as `sha256:...`."""
    match = _HASHES.fullmatch(requirement)
    if match is None:
        return requirement, ()
    return match["specifier"], tuple(word for word in re.split(r"[\s=]+", match["hashes"]) if ":" in word)


def requirement(value: str) -> str:
    """Accept a requirement of name, extras, versions and markers, with hashes, without URL and other options.

    Raises:
        InvalidValueError: The value is not such a requirement.
    """
    # A slow import that most configs do not need, and every command loads a config.
    from packaging.requirements import InvalidRequirement, Requirement

    text, hashes = split_hashes(value.strip(" "))
    if text.startswith(_INDEX_OPTIONS):
        raise InvalidValueError(f"{quote(text)} is a pip option; set build.index in envkit.yaml instead")
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
    return " ".join((text, *(f"--hash={value}" for value in hashes)))


def requirement_lines(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Parse a requirements file.

    Returns:
        Its requirements, and the 1-based numbers and messages of invalid lines. A continued line has the number of its
        first line.
    """
    requirements: list[str] = []
    errors: list[tuple[int, str]] = []
    for line_number, line in _logical_lines(text.removeprefix("\ufeff")):
        if not (content := line.strip()) or content in _IGNORED_OPTIONS:
            continue
        try:
            requirements.append(requirement(content))
        except ValueError as error:
            errors.append((line_number, str(error)))
    return tuple(requirements), tuple(errors)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line without its comment, joined with its continuations, and its number. A comment cannot continue."""
    first_number = 0
    parts: list[str] = []
    for line_number, line in enumerate(text.splitlines(), 1):
        content = re.sub(_COMMENT, "", line)
        first_number = first_number if parts else line_number
        parts.append(content.removesuffix("\\"))
        if not content.endswith("\\"):
            yield first_number, " ".join(parts)
            parts = []
    if parts:
        yield first_number, " ".join(parts)
