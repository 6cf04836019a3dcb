"""Jinja filters that quote a value for its target format, or refuse it.

Config values are validated when they are read. These filters check again at the point of use,
because an injected value would run as root in the build.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from typing import TYPE_CHECKING, Any

import yaml

from envkit.config import split_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LINE_LENGTH_MAX = 2000

# Registry names and tags may contain capitals; the path between them may not.
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::[0-9]{1,5})?/)?[a-z0-9][a-z0-9._/:@-]{0,254}"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](?:=[A-Za-z0-9.+:~-]+)?")
# `$`, `\`, `/`, `@` and `#` are excluded: installers give them other meanings.
_REQUIREMENT = re.compile(r"[A-Za-z0-9 ._\-\[\],<>=!~;()'\"*+]+")
# The form of envkit's own pins and of most users' requirements; `packaging` parses it to the same result.
_PLAIN_REQUIREMENT = re.compile(
    r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*(?:(?:[=!]=|[<>]=?)[0-9]+(?:\.[0-9]+)*"
    r"(?:,(?:[=!]=|[<>]=?)[0-9]+(?:\.[0-9]+)*)*)?"
)
# No user or password: the image would store them.
_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~+:%=,/-]*)?")
# A leading dash would make it an option.
_WORD = re.compile(r"[A-Za-z0-9_./:,=+@~][A-Za-z0-9_./:,=+@~-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnsafeValueError(ValueError):
    """A value that is not safe in its target format."""

    def __init__(self, role: str, value: str) -> None:
        super().__init__(f"{value!r} cannot be used as {role}")


def argv(words: Sequence[str]) -> str:
    """Format a command in Docker's JSON form, which no shell parses."""
    return json.dumps([line(word) for word in words])


def settings(values: Mapping[str, str]) -> str:
    """Format `NAME="value"` pairs for ENV, where a bare `$` would expand and a backslash would join lines."""
    pairs = [f"{_validate(_NAME, 'a variable', name)}={_double_quote(line(value))}" for name, value in values.items()]
    return " \\\n    ".join(pairs)


def words(values: Mapping[str, str]) -> str:
    """Format `NAME=value` pairs for sshd's SetEnv; values that need quotes are refused."""
    return " ".join(f"{_validate(_NAME, 'a variable', name)}={word(value)}" for name, value in values.items())


def line(value: str) -> str:
    """Check that a text has no control, format or line break characters."""
    has_hidden = any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in value)
    if has_hidden or len(value) > LINE_LENGTH_MAX:
        raise UnsafeValueError("one line of text", value)
    return value


def word(value: str) -> str:
    """Check that a value has only characters without meaning to shells and config files."""
    return _validate(_WORD, "a word", value)


def image(value: str) -> str:
    """Check an image reference or id."""
    return _validate(_IMAGE, "an image reference", value)


def package(value: str) -> str:
    """Check the name of a Debian package, with or without a version; `name-` would remove the package."""
    return _validate(_PACKAGE, "a Debian package", value)


def requirement(value: str) -> str:
    """Check a Python requirement by name and version; options, URLs and paths are refused."""
    value, hashes = split_hashes(value)
    if hashes:
        return " \\\n    ".join((requirement(value), *(f"--hash={word(digest)}" for digest in hashes)))
    if len(value) <= LINE_LENGTH_MAX and _PLAIN_REQUIREMENT.fullmatch(value):
        return value
    from packaging.requirements import InvalidRequirement, Requirement  # slow import that most configs do not need

    try:
        parsed = Requirement(_validate(_REQUIREMENT, "a requirement", value))
    except InvalidRequirement as error:
        raise UnsafeValueError("a requirement", value) from error
    if parsed.url:
        raise UnsafeValueError("a requirement", value)
    return value


def url(value: str) -> str:
    """Check an http or https URL without credentials."""
    return _validate(_URL, "a URL", value)


def toml(value: str) -> str:
    """Format a TOML basic string, which accepts all JSON escapes."""
    return json.dumps(line(value), ensure_ascii=False)


def compose(value: Any) -> str:
    """Format a tree as YAML for Compose, which would replace a single `$` with a host variable."""
    # libyaml, if PyYAML was built with it, writes ten times faster; both dumpers are safe.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(
        yaml.dump(_double_dollars(value), Dumper=dumper, sort_keys=False, allow_unicode=True, width=LINE_LENGTH_MAX)
    )


def ssh_path(value: str) -> str:
    """Quote a path for an SSH client's configuration, where `%` starts a token."""
    if '"' in line(value):
        raise UnsafeValueError("a path in an SSH config", value)
    return '"' + value.replace("%", "%%") + '"'


def ssh_command(value: Sequence[str]) -> str:
    """Quote a command for ProxyCommand, which a shell runs after the client has replaced `%` tokens."""
    return shlex.join([line(argument) for argument in value]).replace("%", "%%")


def script(value: str) -> str:
    """Format a JavaScript string that cannot close its script element."""
    return json.dumps(value).replace("<", "\\u003c").replace("&", "\\u0026")


FILTERS = {
    function.__name__: function
    for function in (
        argv,
        settings,
        words,
        line,
        word,
        image,
        package,
        requirement,
        url,
        toml,
        compose,
        ssh_path,
        ssh_command,
        script,
    )
}


def _validate(pattern: re.Pattern[str], role: str, value: str) -> str:
    if len(value) > LINE_LENGTH_MAX or pattern.fullmatch(value) is None:
        raise UnsafeValueError(role, value)
    return value


def _double_quote(value: str) -> str:
    escaped = re.sub(r'([\\"$])', r"\\\1", value)
    return f'"{escaped}"'


def _double_dollars(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _double_dollars(item) for key, item in value.items()}
    return [_double_dollars(item) for item in value] if isinstance(value, list | tuple) else value
