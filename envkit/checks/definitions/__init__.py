"""Definitions of all checks, one module per topic. Data only: `envkit.checks.check` collects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
Layer = Literal["host", "engine", "image", "container", "tensorflow"]


@dataclass(frozen=True, slots=True)
class Check:
    """Definition of one check.

    Attributes:
        id: Stable name, `topic/result`.
        title: Meaning, in one line.
        severity: Status of its findings by default: `error` fails, `warning` warns, `info` passes.
        layer: Layer where the fault lies.
        description: Background, for the documentation.
        cause: Usual cause, used where a finding has no better one.
        hint: Usual hint, used where a finding has no better one.
    """

    id: str
    title: str
    severity: Severity
    layer: Layer
    description: str
    cause: str = ""
    hint: str = ""
