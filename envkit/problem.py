"""One problem in a configuration file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem in a configuration file.

    Attributes:
        file: Path of the file as the user would name it.
        line: 1-based line, 0 when the key is not in the file.
        key: Dotted path of the key, such as `ssh.port`.
        message: What is wrong, and a hint where one is known.
        code: Stable identifier in kebab-case, such as `unknown-key`.
    """

    file: str
    line: int
    key: str
    message: str
    code: str = "invalid-value"

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location} {self.key}: {self.message}" if self.key else f"{location}: {self.message}"
