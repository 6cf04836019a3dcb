"""A rendered file that is not written yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """A rendered file: relative path, text and mode.

    The text is not part of `repr`, so it does not reach logs and tracebacks.
    """

    path: str
    text: str
    mode: int = 0o644

    def __repr__(self) -> str:
        return f"Artifact({self.path!r}, {len(self.text)} characters, {self.mode:#o})"
