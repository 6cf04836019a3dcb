"""Rules of single values: each function returns the value, or raises InvalidValueError with a reason and a hint.

Accepted values reach a Dockerfile, a compose file, an SSH or Jupyter setting, or an engine call. Each of those quotes
its values again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from envkit import catalog, naming
from envkit.config.display import UNPRINTABLE, code_point, describe, quote
from envkit.config.invalid_value import InvalidValueError
from envkit.config.urls import LABEL

if TYPE_CHECKING:
    from envkit.model.plan import Builder

Gpu = Literal["auto", "on", "off"] | int | tuple[int, ...]

# Patterns are strings, compiled at first use: most configs need few of them.
ENVIRONMENT_NAME = naming.ENVIRONMENT_NAME
RELEASE = r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3}(\.post[0-9]{1,3})?)?"
VOLUME_NAME = r"[a-z0-9][a-z0-9_-]{0,30}"

GPU_LIMIT = 128

# Grammar of image references: an optional registry, a lower-case path, a tag, a digest.
_SEGMENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = rf"(?:(?:{LABEL}(?:\.{LABEL})+|localhost)(?::[0-9]{{1,5}})?|{LABEL}:[0-9]{{1,5}})"
_IMAGE = (
    rf"(?P<name>(?:{_REGISTRY}/)?{_SEGMENT}(?:/{_SEGMENT})*)"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def plain_text(value: str, limit: int = 4096) -> str:
    """Accept a single line of text without invisible characters."""
    if not value:
        raise InvalidValueError("is empty; add a value, or remove the key")
    if match := UNPRINTABLE.search(value):
        message = f"contains the invisible character {code_point(match.group())}; remove it"
        raise InvalidValueError(message, code="hidden-character")
    if len(value) > limit:
        raise InvalidValueError(f"is longer than {limit} characters; shorten it")
    return value


def environment_name(value: str) -> str:
    """Accept the name of an environment, which is also part of a container name and an SSH host name."""
    if re.fullmatch(ENVIRONMENT_NAME, value):
        return value
    raise InvalidValueError(
        f"{quote(value)} is not a valid environment name; "
        "use up to 41 of a-z, 0-9, - and _, starting with a letter or digit"
    )


def release(value: str) -> str:
    """Accept a numeric TensorFlow version."""
    if re.fullmatch(RELEASE, value):
        return value
    raise InvalidValueError(f'{quote(value)} is not a TensorFlow version; use numbers, such as "2.9.0"')


def known_release(value: str) -> str:
    """Accept a TensorFlow version of the catalog."""
    try:
        catalog.release(value)
    except catalog.UnknownRelease as error:
        raise InvalidValueError(str(error), code="unknown-release") from None
    return value


def base(value: str) -> str:
    """Accept `official`, `debian`, `nvidia`, `auto`, or an image reference."""
    match = re.fullmatch(_IMAGE, value) if len(value) <= 512 else None
    if match and len(match["name"]) <= 255 and not re.fullmatch(r"[0-9a-f]{64}", value):
        return value
    raise InvalidValueError(
        f"{quote(value)} is not a valid base; use official, debian, nvidia, auto, "
        "or an image reference such as registry.example.com/team/image:tag"
    )


def gpu(value: Any) -> Gpu:
    """Accept auto, on, off, true, false, a count, or a list of GPU numbers."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("auto", "on", "off"):
        return value  # type: ignore[no-any-return]  # one of the three words, just compared
    if isinstance(value, int):
        if 1 <= value <= GPU_LIMIT:
            return value
        raise InvalidValueError(f"{value} is not a valid GPU count; use 1 or more, or off for none")
    if isinstance(value, list | tuple):
        return _gpu_numbers(value)
    raise InvalidValueError(
        f"expected a GPU selection, got {describe(value)}; "
        "use auto, on, off, a count such as 2, or a list of GPU numbers such as [0, 1]"
    )


def _gpu_numbers(value: list[Any] | tuple[Any, ...]) -> tuple[int, ...]:
    if not value:
        raise InvalidValueError("an empty list selects no GPU; use off for none, or auto")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < GPU_LIMIT:
            raise InvalidValueError(f"{describe(number)} is not a GPU number; use whole numbers from 0, such as [0, 1]")
    if len(set(value)) != len(value):
        raise InvalidValueError("lists a GPU twice; keep each GPU number once")
    return tuple(value)


def port(value: int) -> int:
    """Accept a port that an unprivileged user can listen on."""
    if 1024 <= value <= 65535:
        return value
    raise InvalidValueError(f"{value} is not an allowed port; use a number from 1024 to 65535")


def builder(value: Any) -> Builder:
    """Accept auto, buildx or classic."""
    return _choice(value, ("auto", "buildx", "classic"), "a builder")  # type: ignore[return-value]  # one of the three


def key_exchanges(value: Any) -> str:
    """Accept default or pq-only."""
    return _choice(value, ("default", "pq-only"), "a set of SSH key exchanges")


def network_mode(value: Any) -> str:
    """Accept bridge or none."""
    return _choice(value, ("bridge", "none"), "a network mode")


def _choice(value: Any, choices: tuple[str, ...], description: str) -> str:
    """Accept one of several words.

    Raises:
        InvalidValueError: The value is not one of them.
    """
    if value in choices:
        return str(value)
    hint = f"use {', '.join(choices[:-1])} or {choices[-1]}"
    raise InvalidValueError(f"expected {description}, got {describe(value)}; {hint}")


def volume_name(value: str) -> str:
    """Accept the name of a volume."""
    if value == "home":
        raise InvalidValueError(
            "home is reserved for the volume of the home folder; use another name", code="volume-name-reserved"
        )
    if re.fullmatch(VOLUME_NAME, value):
        return value
    raise InvalidValueError(
        f"{quote(value)} is not a valid volume name; use up to 31 of a-z, 0-9, - and _, starting with a letter or digit"
    )
