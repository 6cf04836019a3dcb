"""Names of TensorFlow 2.9.0 and of the package `keras` 2.9.0 that it includes."""

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
# Private packages that are not recorded; imports from them are not checked.
UNRECORDED = ("tensorflow.python", "tensorflow.core", "tensorflow.compiler", "tensorflow.tools")


@dataclass(frozen=True, slots=True)
class ApiIndex:
    """Names of a release.

    Attributes:
        tensorflow: Recorded names of TensorFlow.
        keras: Module of the package `keras` -> its names.
    """

    tensorflow: Api
    keras: Mapping[str, frozenset[str]]

    def has(self, path: str) -> bool:
        """Return whether the dotted name exists. Attributes of classes and values are assumed to exist."""
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
        """Return whether the path is an importable module."""
        return is_under(path, UNRECORDED) or path in self.keras or self.tensorflow.is_module(path)

    def exports(self, module: str) -> frozenset[str]:
        """Return the names of a star import from the module."""
        if module in self.keras:
            return frozenset(name for name in self.keras[module] if not name.startswith("_"))
        return frozenset(self.tensorflow.modules.get(module, {}))

    def parameters(self, path: str) -> Parameters | None:
        """Return the parameters of a callable; None if unknown."""
        return self.tensorflow.parameters(path) or self.tensorflow.parameters(public_path(path))


def public_path(path: str) -> str:
    """Convert a name of `keras` to the equivalent name of TensorFlow: both are the same object in 2.9."""
    return f"tensorflow.{path}" if is_under(path, ("keras",)) else path


def is_under(path: str, roots: tuple[str, ...]) -> bool:
    """Return whether the dotted name is one of the roots or below one."""
    return any(path == root or path.startswith(f"{root}.") for root in roots)


@cache
def api_index() -> ApiIndex:
    """Load the recorded names."""
    record = json.loads((Path(__file__).parent / f"keras-{RELEASE}.json").read_text("utf-8"))
    return ApiIndex(tf_api.load(RELEASE), {module: frozenset(names.split()) for module, names in record.items()})
