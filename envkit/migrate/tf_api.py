"""What a TensorFlow release really has: the names under `tensorflow`, as its own Python told them.

The data travels in the package (`api-<release>.json`, written by `scripts/record_api.py`). A name that is not in it is
not in the release.
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
    """What a callable takes.

    Attributes:
        names: Those that have a name, in order.
        positional_count: How many of them can be given by position.
        accepts_kwargs: It takes any other keyword too.
    """

    names: tuple[str, ...]
    positional_count: int
    accepts_kwargs: bool


@dataclass(frozen=True, slots=True)
class Api:
    """The names of one release.

    Attributes:
        release: Its version.
        modules: By the path of each module the names in it, each with its letter (`m`odule, `c`lass, `f`unction,
            `v`alue) and, for callables under `tf.keras`, its parameters in parentheses.
    """

    release: str
    modules: Mapping[str, Mapping[str, str]]

    def kind(self, path: str) -> str:
        """Return the letter of that dotted name, or nothing where the release has no such name."""
        return self._get_entry(path)[:1]

    def resolves(self, path: str) -> bool:
        """Whether the name exists. What stands behind a class or a value is taken for granted."""
        module, _, name = path.rpartition(".")
        if path in self.modules or name in self.modules.get(module, {}):
            return True
        return bool(module) and module not in self.modules and self._get_entry(module)[:1] in {"c", "v"}

    def is_module(self, path: str) -> bool:
        """Whether it is a module that can be imported from."""
        return path in self.modules

    def parameters(self, path: str) -> Parameters | None:
        """Return what the callable takes; None where that is not known."""
        return _parameters(self._get_entry(path)[1:])

    def _get_entry(self, path: str) -> str:
        if path in self.modules:
            return "m"
        module, _, name = path.rpartition(".")
        return self.modules.get(module, {}).get(name, "")


def releases() -> tuple[str, ...]:
    """Every release that is known, oldest first."""
    matches = (_DATA_FILE.fullmatch(entry.name) for entry in files("envkit.migrate").iterdir())
    versions = [match[1] for match in matches if match]
    return tuple(sorted(versions, key=lambda version: [int(part) for part in version.split(".")]))


def _minor_distance(release: str, other_release: str) -> int:
    """Return how many minor releases lie between two; of what is no release, nothing is known."""
    match, other_match = (_MINOR_RELEASE.fullmatch(version) for version in (release, other_release))
    if not match or not other_match:
        return 0
    return abs(1000 * (int(match[1]) - int(other_match[1])) + int(match[2]) - int(other_match[2]))


@cache
def load(release: str) -> Api:
    """Return the names of that release.

    Raises:
        Refusal: Nobody recorded them.
    """
    known_releases = releases()
    if release not in known_releases:
        raise PreconditionError(
            f"what TensorFlow {release[:40]!r} has is not known to envkit; it knows {', '.join(known_releases)}",
            hint=f"name the nearest: --to {min(known_releases, key=lambda one: _minor_distance(one, release))}",
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
