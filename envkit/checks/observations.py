"""Parse the observations that a guest script printed. The container may print anything, so nothing is trusted.

Container code can forge any line. The checks are robust against accidents and garbage, not against a workspace that
forges its own observations.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from envkit.model.report import Observation
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LINE_LENGTH_MAX = 65_536
COUNT_MAX = 1_000
DEPTH_MAX = 6
SECONDS_MAX = 86_400
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z0-9_]{1,32}){0,3}", re.ASCII)


def parse(line: str) -> Observation | None:
    """Parse the observation on a line; None if there is none. Never raises."""
    if len(line) > LINE_LENGTH_MAX:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("data", {}), dict):
        return None
    name = record.get("what")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    return Observation(name, _clean(record.get("data", {}), DEPTH_MAX), _seconds(record.get("seconds")))


def parse_all(lines: Iterable[str]) -> tuple[Observation, ...]:
    """Parse the observations of a whole output, at most the first thousand."""
    observations: list[Observation] = []
    for line in lines:
        observation = parse(line)
        if observation is not None:
            observations.append(observation)
        if len(observations) == COUNT_MAX:
            break
    return tuple(observations)


def last(observations: Sequence[Observation], name: str) -> Observation | None:
    """Return the last observation of that name."""
    return next((observation for observation in reversed(observations) if observation.name == name), None)


def data(observations: Sequence[Observation], name: str) -> Mapping[str, Any]:
    """Return the data of the last observation of that name, empty if there is none."""
    observation = last(observations, name)
    return observation.data if observation else {}


def text(values: Mapping[str, Any], key: str) -> str:
    """Return the value if it is a text, otherwise an empty one."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts in a list; empty if the value is not a list."""
    value = values.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the value if it is a table, otherwise an empty one."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def tables(values: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables in a list; empty if the value is not a list."""
    value = values.get(key)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def numbers(values: Mapping[str, Any], key: str) -> tuple[float, ...]:
    """Return the finite numbers in a list; empty if the value is not a list."""
    value = values.get(key)
    items = (number(item) for item in value) if isinstance(value, list) else ()
    return tuple(item for item in items if item is not None)


def number(value: object) -> float | None:
    """Return the value if it is a finite number, otherwise None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # JSON integers have any length
        return None


def error(values: Mapping[str, Any]) -> str:
    """Return the error of a failed inspection as `Type: message`; empty if it did not fail."""
    if "error" not in values:
        return ""
    error_data = table(values, "error")
    return f"{text(error_data, 'type') or 'error'}: {text(error_data, 'message')}"


def log(observations: Sequence[Observation]) -> str:
    """Return the output besides the observations, mainly TensorFlow's log."""
    return text(data(observations, "tensorflow.log"), "text")


def _seconds(value: object) -> float:
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds <= SECONDS_MAX else 0.0


def _clean(value: Any, depth: int) -> Any:
    """Remove control characters, infinities and levels beyond `depth` from a JSON value."""
    if isinstance(value, str):
        return escape_controls(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None if isinstance(value, dict | list) else value
    if isinstance(value, dict):
        return {escape_controls(key): _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return value
