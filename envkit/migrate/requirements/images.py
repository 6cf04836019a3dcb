"""TensorFlow's own images in Dockerfiles, Compose files, CI files and scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envkit.migrate.outcome import Kind, Location, Note

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = re.compile(
    r"(?<![\w./-])(?:[a-z0-9.-]+(?::[0-9]+)?/)?tensorflow/tensorflow:(?P<tag>[\w${}.:-]+)(?P<digest>@sha256:[0-9a-f]+)?",
    re.ASCII,
)
ARGUMENT = re.compile(r"^[ \t]*ARG[ \t]+(?P<name>\w+)=[\"']?(?P<value>[\w.-]+)", re.MULTILINE | re.ASCII)
VARIABLE = re.compile(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::-(?P<default>[\w.-]+))?\})", re.ASCII)
TAG_VERSION = re.compile(r"v?(?P<version>[0-9]+(?:\.[0-9]+)*(?:-?rc[0-9]+)?)(?:-.*)?", re.ASCII)
_HINT = "use tensorflow/tensorflow:{release} with the same suffix when all code is migrated"


def notes(text: str, release: str) -> Iterator[Note]:
    """Yield notes about images of another release than the target release."""
    arguments = {match["name"]: match["value"] for match in ARGUMENT.finditer(text)}
    for image in IMAGE.finditer(text):
        line_start = text.rfind("\n", 0, image.start()) + 1
        if text[line_start : image.start()].lstrip().startswith("#"):
            continue
        tag = VARIABLE.sub(lambda match: _value(match, arguments), image["tag"])
        if _is_other_release(tag, release):
            location = Location(text.count("\n", 0, image.start()) + 1, image.start() - line_start + 1)
            yield Note(
                location,
                "requirements/tensorflow",
                Kind.REQUIREMENT,
                f"the image {image[0]} does not have TensorFlow {release}, the target release",
                _HINT.format(release=release),
            )


def _value(match: re.Match[str], arguments: dict[str, str]) -> str:
    name = match["plain"] or match["name"]
    return arguments.get(name, match["default"] or "")


def _is_other_release(tag: str, release: str) -> bool:
    """Check whether the tag names another release; tags without a version, such as `latest`, are unknown."""
    match = TAG_VERSION.fullmatch(tag)
    if match is None:
        return False
    try:
        return Version(match["version"]) != Version(release)
    except InvalidVersion:
        return False
