"""Where the values of a config were written: a line of a file, or a flag."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.config.display import format_key_path
from envkit.config.yaml_reader import Node
from envkit.errors import Problem

if TYPE_CHECKING:
    from envkit.config.display import KeyPath

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a config. Two origins are equal: what a config says does not depend on where it says it.

    Attributes:
        file: Path of the file as the user would name it.
        node: The document as it was read.
        flags: Keys that the command line set.
    """

    file: str = field(default="envkit.yaml", compare=False)
    node: Node = field(default=Node(), compare=False)
    flags: frozenset[str] = field(default=frozenset(), compare=False)

    def line(self, path: KeyPath) -> int:
        """Return the 1-based line of a key or of the nearest key around it; 0 where neither is in the file."""
        return 0 if self._set_by_flag(path) else self.node.locate(path)[0]

    def raw(self, path: KeyPath) -> str:
        """Return a scalar as it was written, or an empty text where there is none."""
        node = None if self._set_by_flag(path) else self.node.locate(path)[1]
        return node.raw if node else ""

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Name the place of a problem: the flag that set the key, or file and line."""
        if self._set_by_flag(path):
            return Problem(COMMAND_LINE, 0, f"--{format_key_path(path)}", message)
        return Problem(self.file, self.line(path), format_key_path(path), message)

    def _set_by_flag(self, path: KeyPath) -> bool:
        return bool(path) and path[0] in self.flags
