"""What one value may be: each function returns the value, or raises ValueError with the rule and the mend.

Whatever passes here ends in a Dockerfile, a compose file, an SSH or Jupyter setting or an
engine call. Those places quote for themselves; these rules keep out what has no business there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from envkit import catalog
from envkit.config.display import UNPRINTABLE, code_point, describe, quote
from envkit.config.urls import LABEL

if TYPE_CHECKING:
    from envkit.model.plan import Builder

Gpu = Literal["auto", "on", "off"] | int | tuple[int, ...]

# Patterns are texts, compiled at first use: most configs need few of them.
ENVIRONMENT_NAME = r"[a-z0-9][a-z0-9_-]{0,40}"
RELEASE = r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3}(\.post[0-9]{1,3})?)?"
VOLUME_NAME = r"[a-z0-9][a-z0-9_-]{0,30}"

GPU_LIMIT = 128

# The grammar of image references: an optional registry, a lower-case path, a tag, a digest.
_SEGMENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = rf"(?:(?:{LABEL}(?:\.{LABEL})+|localhost)(?::[0-9]{{1,5}})?|{LABEL}:[0-9]{{1,5}})"
_IMAGE = (
    rf"(?P<name>(?:{_REGISTRY}/)?{_SEGMENT}(?:/{_SEGMENT})*)"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def plain_text(value: str, limit: int = 4096) -> str:
    """Accept a text of one line that shows every character it has."""
    if not value:
        raise ValueError("is empty; write a value, or take the key out")
    if match := UNPRINTABLE.search(value):
        raise ValueError(f"holds the unseen character {code_point(match.group())}; remove it")
    if len(value) > limit:
        raise ValueError(f"is longer than {limit} characters; shorten it")
    return value


def environment_name(value: str) -> str:
    """Accept what an environment, and with it a container and an SSH host, can be called."""
    if re.fullmatch(ENVIRONMENT_NAME, value):
        return value
    raise ValueError(
        f"{quote(value)} is no environment name; use up to 41 of a-z, 0-9, - and _, beginning with a letter or digit"
    )


def release(value: str) -> str:
    """Accept a TensorFlow version in numbers."""
    if re.fullmatch(RELEASE, value):
        return value
    raise ValueError(f'{quote(value)} is no TensorFlow version; write it in numbers, such as "2.9.0"')


def known_release(value: str) -> str:
    """Accept a TensorFlow version that the catalogue holds."""
    try:
        catalog.release(value)
    except catalog.UnknownRelease as error:
        raise ValueError(str(error)) from None
    return value


def base(value: str) -> str:
    """Accept `official`, `debian`, `auto`, or an image reference."""
    match = re.fullmatch(_IMAGE, value) if len(value) <= 512 else None
    if match and len(match["name"]) <= 255 and not re.fullmatch(r"[0-9a-f]{64}", value):
        return value
    raise ValueError(
        f"{quote(value)} is no base; write official, debian, auto, "
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
        raise ValueError(f"{value} is no count of GPUs; write 1 or more, or off for none")
    if isinstance(value, list | tuple):
        return _gpu_numbers(value)
    raise ValueError(
        f"expected which GPUs to use, got {describe(value)}; "
        "write auto, on, off, a count such as 2, or a list of GPU numbers such as [0, 1]"
    )


def _gpu_numbers(value: list[Any] | tuple[Any, ...]) -> tuple[int, ...]:
    if not value:
        raise ValueError("an empty list names no GPU; write off for none, or auto")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < GPU_LIMIT:
            raise ValueError(f"{describe(number)} is no GPU number; write whole numbers from 0, such as [0, 1]")
    if len(set(value)) != len(value):
        raise ValueError("names a GPU twice; keep each number once")
    return tuple(value)


def port(value: int) -> int:
    """Accept a port a user without privileges can listen on."""
    if 1024 <= value <= 65535:
        return value
    raise ValueError(f"{value} is no port for this; use a number from 1024 to 65535")


def builder(value: Any) -> Builder:
    """Accept auto, buildx or classic."""
    description, hint = "what builds the image", "write auto, buildx, or classic for the engine's own"
    return _choice(value, ("auto", "buildx", "classic"), description, hint)  # type: ignore[return-value]  # one of the three


def key_exchanges(value: Any) -> str:
    """Accept default or pq-only."""
    hint = "write default, or pq-only for the post-quantum ones alone"
    return _choice(value, ("default", "pq-only"), "which key exchanges SSH takes", hint)


def network_mode(value: Any) -> str:
    """Accept bridge or none."""
    hint = "write bridge for a small one of its own, or none"
    return _choice(value, ("bridge", "none"), "which network the workspace has", hint)


def _choice(value: Any, choices: tuple[str, ...], description: str, hint: str) -> str:
    """Accept one of a few words.

    Raises:
        ValueError: It is none of them.
    """
    if value in choices:
        return str(value)
    raise ValueError(f"expected {description}, got {describe(value)}; {hint}")


def volume_name(value: str) -> str:
    """Accept the name of a volume."""
    if value == "home":
        raise ValueError("envkit keeps the home folder in a volume of that name; choose another name")
    if re.fullmatch(VOLUME_NAME, value):
        return value
    raise ValueError(
        f"{quote(value)} is no volume name; use up to 31 of a-z, 0-9, - and _, beginning with a letter or digit"
    )
