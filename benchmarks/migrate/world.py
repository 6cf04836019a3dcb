"""What TensorFlow 2.9.0 has, and the package `keras` 2.9.0 beside it: whether a dotted name is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkit.migrate import tf_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.tf_api import Api, Parameters

RELEASE = "2.9.0"
ROOTS = ("keras", "tensorflow")
# Nobody's promise, and not recorded: what is imported from there is not judged.
UNRECORDED = ("tensorflow.python", "tensorflow.core", "tensorflow.compiler", "tensorflow.tools")


@dataclass(frozen=True, slots=True)
class ApiIndex:
    """The names.

    Attributes:
        tensorflow: As the release recorded them.
        keras: Names of each module of the package `keras` that comes with it.
    """

    tensorflow: Api
    keras: Mapping[str, frozenset[str]]

    def has(self, path: str) -> bool:
        """Whether the dotted name leads to something. What stands behind a class or a value is taken for granted."""
        if is_under(path, UNRECORDED):
            return True
        if not is_under(path, ("keras",)):
            return self.tensorflow.resolves(path)
        module = path
        while module not in self.keras:
            module = module.rpartition(".")[0]
        rest = path[len(module) + 1 :]
        return not rest or rest.partition(".")[0] in self.keras[module]

    def has_module(self, path: str) -> bool:
        """Whether it can be imported."""
        return is_under(path, UNRECORDED) or path in self.keras or self.tensorflow.is_module(path)

    def exports(self, module: str) -> frozenset[str]:
        """Return what a star brings from there."""
        if module in self.keras:
            return frozenset(name for name in self.keras[module] if not name.startswith("_"))
        return frozenset(self.tensorflow.modules.get(module, {}))

    def parameters(self, path: str) -> Parameters | None:
        """Return what the callable takes, where that is known."""
        return self.tensorflow.parameters(path) or self.tensorflow.parameters(public_path(path))


def public_path(path: str) -> str:
    """Return the name that TensorFlow has for one of `keras`: both are the same thing in 2.9."""
    return f"tensorflow.{path}" if is_under(path, ("keras",)) else path


def is_under(path: str, roots: tuple[str, ...]) -> bool:
    """Whether the dotted name is one of those, or stands below one."""
    return any(path == root or path.startswith(f"{root}.") for root in roots)


@cache
def api_index() -> ApiIndex:
    """Load the records."""
    record = json.loads((Path(__file__).parent / f"keras-{RELEASE}.json").read_text("utf-8"))
    return ApiIndex(tf_api.load(RELEASE), {module: frozenset(names.split()) for module, names in record.items()})
