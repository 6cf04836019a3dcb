"""The error of a value that breaks a rule, with a code for programs."""

from __future__ import annotations


class InvalidValueError(ValueError):
    """A value that is not allowed for its key; the message explains why and ends with a hint.

    Attributes:
        code: Stable identifier in kebab-case, such as `reserved-path`.
    """

    def __init__(self, message: str, *, code: str = "invalid-value") -> None:
        super().__init__(message)
        self.code = code
