"""What a guest script printed, as observations. The container may print anything, so nothing of it is trusted.

Who controls the container can forge any line. The checks hold against accidents and garbage, not against a
workspace that lies about itself.
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
    """Return the observation on a line, or None if there is none. Never raises."""
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
    """Return the observations of a whole output, the first thousand of them."""
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
    """Return a value that is text, or an empty one."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts in a list, or none."""
    value = values.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a value that is a table, or an empty one."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def tables(values: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables in a list, or none."""
    value = values.get(key)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def numbers(values: Mapping[str, Any], key: str) -> tuple[float, ...]:
    """Return the numbers in a list, or none."""
    value = values.get(key)
    items = (number(item) for item in value) if isinstance(value, list) else ()
    return tuple(item for item in items if item is not None)


def number(value: object) -> float | None:
    """Return a value that is a number, and one that can be reckoned with, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # JSON's whole numbers are of any length
        return None


def error(values: Mapping[str, Any]) -> str:
    """Return what a failed look reports as `Type: message`, or nothing if it did not fail."""
    if "error" not in values:
        return ""
    error_data = table(values, "error")
    return f"{text(error_data, 'type') or 'error'}: {text(error_data, 'message')}"


def log(observations: Sequence[Observation]) -> str:
    """Return what was printed besides the observations: TensorFlow's own log, above all."""
    return text(data(observations, "tensorflow.log"), "text")


def _seconds(value: object) -> float:
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds <= SECONDS_MAX else 0.0


def _clean(value: Any, depth: int) -> Any:
    """Return a JSON value without hidden characters, without infinities, and no deeper than allowed."""
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
