"""Values on their way into a text: each is refused, or arrives as the same bytes.

Config values were validated when they were read. This is the second lock, at the place where
they land, because a value that leaves its place runs as root in the build.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LINE_LENGTH_MAX = 2000

# A registry's name may have capitals, and so may a tag; what stands between them has none.
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::[0-9]{1,5})?/)?[a-z0-9][a-z0-9._/:@-]{0,254}"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](?:=[A-Za-z0-9.+:~-]+)?")
# What a requirement is written with; `$`, `\`, `/`, `@` and `#` mean more to an installer than a version.
_REQUIREMENT = re.compile(r"[A-Za-z0-9 ._\-\[\],<>=!~;()'\"*+]+")
# What our own pins and bounds look like, and most of a user's: `packaging` reads them the same.
_PLAIN_REQUIREMENT = re.compile(
    r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*(?:(?:[=!]=|[<>]=?)[0-9]+(?:\.[0-9]+)*"
    r"(?:,(?:[=!]=|[<>]=?)[0-9]+(?:\.[0-9]+)*)*)?"
)
# No user or password: the image keeps what it is built with.
_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~+:%=,/-]*)?")
# Without a dash in front, which would make an option of it.
_WORD = re.compile(r"[A-Za-z0-9_./:,=+@~][A-Za-z0-9_./:,=+@~-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnsafeValueError(ValueError):
    """A value that cannot stand where it was going to."""

    def __init__(self, role: str, value: str) -> None:
        super().__init__(f"{value!r} cannot be used as {role}")


def argv(words: Sequence[str]) -> str:
    """Return a command in the JSON form of Docker: no shell reads it."""
    return json.dumps([line(word) for word in words])


def settings(values: Mapping[str, str]) -> str:
    """Return `NAME="value"` pairs for ENV, where a bare `$` would expand and a backslash swallow a line."""
    pairs = [f"{_validate(_NAME, 'a variable', name)}={_double_quote(line(value))}" for name, value in values.items()]
    return " \\\n    ".join(pairs)


def words(values: Mapping[str, str]) -> str:
    """Return `NAME=value` pairs for sshd's SetEnv, from values that need no quotes."""
    return " ".join(f"{_validate(_NAME, 'a variable', name)}={word(value)}" for name, value in values.items())


def line(value: str) -> str:
    """Return a text that stays on its line and shows itself: no control and no format characters."""
    has_hidden = any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in value)
    if has_hidden or len(value) > LINE_LENGTH_MAX:
        raise UnsafeValueError("one line of text", value)
    return value


def word(value: str) -> str:
    """Return a value made of characters that mean nothing to shells and config files."""
    return _validate(_WORD, "a word", value)


def image(value: str) -> str:
    """Return an image reference or id."""
    return _validate(_IMAGE, "an image reference", value)


def package(value: str) -> str:
    """Return the name of a Debian package, with or without its version; `name-` would remove it."""
    return _validate(_PACKAGE, "a Debian package", value)


def requirement(value: str) -> str:
    """Return a Python requirement by name and version; an option, a URL or a path is none."""
    if len(value) <= LINE_LENGTH_MAX and _PLAIN_REQUIREMENT.fullmatch(value):
        return value
    from packaging.requirements import InvalidRequirement, Requirement  # slow to load, and most configs need none

    try:
        parsed = Requirement(_validate(_REQUIREMENT, "a requirement", value))
    except InvalidRequirement as error:
        raise UnsafeValueError("a requirement", value) from error
    if parsed.url:
        raise UnsafeValueError("a requirement", value)
    return value


def url(value: str) -> str:
    """Return an http or https address without credentials."""
    return _validate(_URL, "an address", value)


def toml(value: str) -> str:
    """Return a TOML basic string; JSON's escapes are among its own."""
    return json.dumps(line(value), ensure_ascii=False)


def compose(value: Any) -> str:
    """Return a tree as YAML for Compose, which would put host variables in the place of a single `$`."""
    # libyaml, where PyYAML was built with it, writes ten times faster; both are the safe dumper.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(
        yaml.dump(_double_dollars(value), Dumper=dumper, sort_keys=False, allow_unicode=True, width=LINE_LENGTH_MAX)
    )


def ssh_path(value: str) -> str:
    """Return a path for an SSH client's config, where `%` starts a token."""
    if '"' in line(value):
        raise UnsafeValueError("a path in an SSH config", value)
    return '"' + value.replace("%", "%%") + '"'


def ssh_command(value: Sequence[str]) -> str:
    """Return a command for ProxyCommand, which a shell runs after the client replaced its `%` tokens."""
    return shlex.join([line(argument) for argument in value]).replace("%", "%%")


def script(value: str) -> str:
    """Return a JavaScript string that cannot end the script element it stands in."""
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
