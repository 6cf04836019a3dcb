"""Report as JSON: one versioned envelope around every command's result."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from envkit import __version__
from envkit.model.artifact import Artifact

if TYPE_CHECKING:
    from envkit.model.report import Report

# Incremented if a key of the envelope changes its meaning or is removed, not for a new key.
FORMAT_VERSION = 1


def to_json(report: Report[Any]) -> str:
    """Format a report as JSON; equal reports give equal text.

    Raises:
        TypeError: The result holds a value that JSON cannot represent.
    """
    envelope = {
        "envkit": __version__,
        "format": FORMAT_VERSION,
        "command": report.command,
        "subject": report.subject,
        "result": as_json(report.result),
        "findings": as_json(report.findings),
        "exit_code": int(report.exit_code),
        "error": as_json(report.error),
    }
    # ASCII only: output of a container cannot reach a terminal as an escape sequence.
    return json.dumps(envelope, indent=2, ensure_ascii=True, allow_nan=False)


def as_json(value: Any) -> Any:
    """Convert a value to JSON types: attributes in their order, keys of mappings sorted.

    Raises:
        TypeError: JSON cannot represent the value.
    """
    if isinstance(value, Enum):
        return as_json(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    return _convert_compound(value)


def _convert_compound(value: Any) -> Any:
    if isinstance(value, Artifact):
        # The content may be secret.
        return {"path": value.path, "mode": f"{value.mode:04o}"}
    if is_dataclass(value) and not isinstance(value, type):
        # Fields hidden from `repr` may hold credentials.
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {str(key): as_json(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((as_json(item) for item in value), key=str)
    raise TypeError(f"JSON cannot represent a {type(value).__name__}")
