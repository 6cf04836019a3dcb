"""Origin of the values of a config: a line of a file, or a flag."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.config.display import format_key_path
from envkit.config.yaml_reader import Node
from envkit.problem import Problem

if TYPE_CHECKING:
    from envkit.config.display import KeyPath

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a config. All origins compare equal, because equal configs may come from different files.

    Attributes:
        file: Path of the file as the user would name it.
        node: The parsed document.
        flags: Keys set on the command line.
    """

    file: str = field(default="envkit.yaml", compare=False)
    node: Node = field(default=Node(), compare=False)
    flags: frozenset[str] = field(default=frozenset(), compare=False)

    def line(self, path: KeyPath) -> int:
        """Return the 1-based line of a key or of its nearest parent; 0 if neither is in the file."""
        return 0 if self._set_by_flag(path) else self.node.locate(path)[0]

    def raw(self, path: KeyPath) -> str:
        """Return a scalar as written, or an empty string if the path has no scalar."""
        node = None if self._set_by_flag(path) else self.node.locate(path)[1]
        return node.raw if node else ""

    def problem(self, path: KeyPath, message: str, *, code: str = "invalid-value") -> Problem:
        """Build a problem of a key. It names the flag that set the key, or the file and line."""
        if self._set_by_flag(path):
            return Problem(COMMAND_LINE, 0, f"--{format_key_path(path)}", message, code)
        return Problem(self.file, self.line(path), format_key_path(path), message, code)

    def _set_by_flag(self, path: KeyPath) -> bool:
        return bool(path) and path[0] in self.flags
