"""What a row of the table of checks is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
Layer = Literal["host", "engine", "image", "container", "tensorflow"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be found.

    Attributes:
        id: Stable name, `topic/what-is-found`.
        title: What it means, in one line.
        severity: `error`: something promised does not work; `info`: all is well.
        layer: Where it sits.
        description: What one should know of it, for the documentation.
        cause: The usual cause, where a finding knows none better.
        hint: The usual mend, where a finding knows none better.
    """

    id: str
    title: str
    severity: Severity
    layer: Layer
    description: str
    cause: str = ""
    hint: str = ""
