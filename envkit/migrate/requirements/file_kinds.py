"""Recognize files with requirements by their names."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath


class FileKind(Enum):
    """Format of the requirements in a file."""

    REQUIREMENTS = "requirements"  # pip requirements, one per line
    CONSTRAINTS = "constraints"  # pip constraints, one per line
    CONDA = "conda"  # YAML lists
    DECLARED = "declared"  # setup.py, setup.cfg, pyproject.toml, Pipfile, tox.ini
    COMMANDS = "commands"  # Dockerfiles, Compose files, CI files, scripts


PATTERNS = (
    (re.compile(r"(?i)(?:.*[-_./])?constraints?(?:[-_.0-9][^/]*)?\.(?:txt|in|pip)"), FileKind.CONSTRAINTS),
    (re.compile(r"(?i)(?:.*[-_./])?(?:requirements?|reqs)(?:[-_.0-9/][^/]*)?\.(?:txt|in|pip)"), FileKind.REQUIREMENTS),
    (re.compile(r"(?i)(?:.*/)?(?:setup\.py|setup\.cfg|pyproject\.toml|pipfile|tox\.ini)"), FileKind.DECLARED),
    (re.compile(r"(?:.*/)?\.(?:github/workflows|circleci)/[^/]+\.ya?ml"), FileKind.COMMANDS),
    (re.compile(r"(?i)(?:.*/)?\.?(?:travis|appveyor|gitlab-ci|azure-pipelines)\.ya?ml"), FileKind.COMMANDS),
    (
        re.compile(
            r"(?i)(?:.*/)?(?:(?:docker|container)file[^/]*|[^/]+\.dockerfile|jenkinsfile|makefile|[^/]+\.(?:sh|bash))"
        ),
        FileKind.COMMANDS,
    ),
    (re.compile(r"(?i)(?:.*/)?(?:docker-)?compose(?:[-.][^/]*)?\.ya?ml"), FileKind.COMMANDS),
    (re.compile(r"(?:.*/)?\.?devcontainer\.json"), FileKind.COMMANDS),
    (re.compile(r"(?:.*/)?envkit\.ya?ml"), None),
    (re.compile(r"(?i)(?:.*/)?[^/]*(?:env|conda)[^/]*\.ya?ml"), FileKind.CONDA),
)


def classify(path: PurePath) -> FileKind | None:
    """Return the format of the requirements in a file, or None if its name is not a known one."""
    name = path.as_posix()
    return next((kind for pattern, kind in PATTERNS if pattern.fullmatch(name)), None)
