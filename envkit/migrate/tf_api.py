"""Names of a TensorFlow release, recorded by the release's own Python.

The records are part of the package (`api-<release>.json`, written by `scripts/dev/record_api.py`). A name that is not
recorded does not exist in the release.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATA_FILE = re.compile(r"api-([0-9]+(?:\.[0-9]+)+)\.json")
_MINOR_RELEASE = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\..*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a callable.

    Attributes:
        names: Named parameters in order.
        positional_count: Number of parameters that accept positional arguments.
        accepts_kwargs: Whether any other keyword is accepted.
    """

    names: tuple[str, ...]
    positional_count: int
    accepts_kwargs: bool


@dataclass(frozen=True, slots=True)
class Api:
    """Names of one release.

    Attributes:
        release: Version.
        modules: Module path -> name -> kind: `m`odule, `c`lass, `f`unction or `v`alue, followed by the parameters in
            parentheses for callables under `tf.keras`.
    """

    release: str
    modules: Mapping[str, Mapping[str, str]]

    def kind(self, path: str) -> str:
        """Return the kind letter of a dotted name, or an empty string if the release does not have it."""
        return self._get_entry(path)[:1]

    def resolves(self, path: str) -> bool:
        """Return whether the name exists. Attributes of classes and values are assumed to exist."""
        module, _, name = path.rpartition(".")
        if path in self.modules or name in self.modules.get(module, {}):
            return True
        return bool(module) and module not in self.modules and self._get_entry(module)[:1] in {"c", "v"}

    def is_module(self, path: str) -> bool:
        """Return whether the path is an importable module."""
        return path in self.modules

    def parameters(self, path: str) -> Parameters | None:
        """Return the parameters of a callable; None if unknown."""
        return _parameters(self._get_entry(path)[1:])

    def _get_entry(self, path: str) -> str:
        if path in self.modules:
            return "m"
        module, _, name = path.rpartition(".")
        return self.modules.get(module, {}).get(name, "")


def releases() -> tuple[str, ...]:
    """Return all recorded releases, oldest first."""
    matches = (_DATA_FILE.fullmatch(entry.name) for entry in files("envkit.migrate").iterdir())
    versions = [match[1] for match in matches if match]
    return tuple(sorted(versions, key=lambda version: [int(part) for part in version.split(".")]))


def _minor_distance(release: str, other_release: str) -> int:
    """Return the number of minor releases between two versions; 0 if one of them is invalid."""
    match, other_match = (_MINOR_RELEASE.fullmatch(version) for version in (release, other_release))
    if not match or not other_match:
        return 0
    return abs(1000 * (int(match[1]) - int(other_match[1])) + int(match[2]) - int(other_match[2]))


@cache
def load(release: str) -> Api:
    """Load the names of a release.

    Raises:
        PreconditionError: If the release is not recorded.
    """
    known_releases = releases()
    if release not in known_releases:
        nearest_release = min(known_releases, key=lambda known_release: _minor_distance(known_release, release))
        raise PreconditionError(
            f"migrate does not support TensorFlow {release[:40]!r}; supported releases: {', '.join(known_releases)}",
            code="migrate-release-unsupported",
            hint=f"use the nearest release: --to {nearest_release}",
        )
    record = json.loads((files("envkit.migrate") / f"api-{release}.json").read_text("utf-8"))
    modules = {
        path: {name: kind for kind, names in kinds.items() for name in names}
        for path, kinds in record["modules"].items()
    }
    return Api(record["release"], modules)


@cache
def _parameters(text: str) -> Parameters | None:
    if not text:
        return None
    parts = [part for part in text.strip("()").split(",") if part]
    first_star = next((index for index, part in enumerate(parts) if part.startswith("*")), len(parts))
    names = tuple(part for part in parts if not part.startswith("*"))
    return Parameters(names, first_star, any(part.startswith("**") for part in parts))
