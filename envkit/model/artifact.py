"""A file that was rendered, and is not written yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to be: relative path, text, and mode.

    Its text stays out of `repr`, and so out of logs and tracebacks.
    """

    path: str
    text: str
    mode: int = 0o644

    def __repr__(self) -> str:
        return f"Artifact({self.path!r}, {len(self.text)} characters, {self.mode:#o})"
