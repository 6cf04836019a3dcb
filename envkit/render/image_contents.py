"""What a rendered build context puts into an image: instructions, files and variables. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkit.model.artifact import Artifact

DOCKERFILE = "Dockerfile"
# An image's history has an entry for each other instruction. Builders record labels and arguments differently.
UNRECORDED = frozenset({"FROM", "ARG", "LABEL"})
RECORDED = frozenset({"COPY", "ADD", "RUN", "ENV", "WORKDIR", "USER", "HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL", "CMD"})
_COPY = re.compile(r"COPY +(?P<sources>[^\"\[\\]+) (?P<target>/[^\s\\]+)", re.ASCII)


def instructions(dockerfile: str) -> tuple[str, ...]:
    """Return the keywords of a Dockerfile's instructions that the history of its image records."""
    keywords = (line.split(" ", 1)[0] for line in _logical_lines(dockerfile))
    return tuple(keyword for keyword in keywords if keyword not in UNRECORDED)


def history_keywords(created_by: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords of an image's history, oldest first, as either builder records them.

    Args:
        created_by: Commands of the history, oldest first.
    """
    keywords = (_history_keyword(command) for command in created_by)
    return tuple(keyword for keyword in keywords if keyword not in UNRECORDED)


def copied_files(context: Iterable[Artifact]) -> dict[str, str]:
    """Return the SHA-256 of each file that a rendered build copies into its image, by path in the image."""
    artifacts = {artifact.path: artifact.text for artifact in context}
    files: dict[str, str] = {}
    for line in _logical_lines(artifacts.get(DOCKERFILE, "")):
        if match := _COPY.fullmatch(line.strip()):
            for source in match["sources"].split():
                if source in artifacts:
                    target = match["target"]
                    path = target + source.rsplit("/", 1)[-1] if target.endswith("/") else target
                    files[path] = hashlib.sha256(artifacts[source].encode()).hexdigest()
    return files


def _history_keyword(command: str) -> str:
    text = command.removeprefix("/bin/sh -c #(nop)").strip()
    keyword = text.split(" ", 1)[0]
    if keyword in RECORDED | UNRECORDED:
        return keyword
    return "RUN" if text else ""


def _logical_lines(dockerfile: str) -> Iterator[str]:
    """Yield the instructions of a Dockerfile, each on one line."""
    text = "".join(f"{line}\n" for line in dockerfile.splitlines() if line.strip() and not line.startswith("#"))
    yield from re.sub(r"\\\n\s*", "", text).splitlines()
