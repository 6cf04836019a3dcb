"""Check the fields of stored data: their types, and forms that later code relies on.

State files are edited by hand, restored from backups and cut by full disks. A field of another type must not surface
as a traceback in a command that uses it much later.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import fields
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.model.engine_state import ImageContents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[Any], bool]

PORT_MAX = 65535
ABSOLUTE_PATH = r"/[^\0]*"


def find_invalid_field(data: Mapping[str, Any], record_type: type[Any]) -> str:
    """Return the name of the first field with another type than a dataclass has; empty if there is none.

    Missing and unknown fields are reported by the constructor.
    """
    checks = {field.name: TYPES[str(field.type)] for field in fields(record_type)}
    return next((name for name in sorted(data) if name in checks and not checks[name](data[name])), "")


def find_invalid_state_field(data: Mapping[str, Any]) -> str:
    """Return the name of the first field of a state with another type or form than it must have; empty if none."""
    from envkit.model.state import State

    if name := find_invalid_field(data, State):
        return name
    if name := next((name for name, form in FORMS.items() if not form(data.get(name, ""))), ""):
        return name
    choices: Mapping[str, str] = data.get("choices", {})
    name = next((name for name, check in CHOICES.items() if name in choices and not _is_json(choices[name], check)), "")
    return name and f"choices.{name}"


def is_text(value: object) -> bool:
    """Check for text that can be encoded and is no end of a C string."""
    if not isinstance(value, str) or "\0" in value:
        return False
    with suppress(UnicodeEncodeError):  # half of a surrogate pair, which JSON can contain
        return bool(value.encode() is not None)
    return False


def is_count(value: object) -> bool:
    """Check for a natural number that is not a truth value."""
    return type(value) is int and value >= 0


def is_port(value: object) -> bool:
    """Check for a port, or 0 for none."""
    return is_count(value) and value <= PORT_MAX  # type: ignore[operator]


def _is_truth_value(value: object) -> bool:
    return isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(is_text, value))


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_text, (*value, *value.values())))


def _is_port_map(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_text(key) and re.fullmatch(r"[0-9]{1,5}", key) and is_port(port) for key, port in value.items()
    )


def _is_json(text: str, check: Check) -> bool:
    try:
        return check(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _matches(pattern: str) -> Check:
    return lambda text: re.fullmatch(pattern, text, re.DOTALL) is not None


def _is_subnet(text: str) -> bool:
    with suppress(ValueError):
        return not text or bool(IPv4Network(text))
    return False


def _is_cpu_count(value: object) -> bool:
    return type(value) in {int, float} and 0 < value <= 1 << 20  # type: ignore[operator]


def _is_foreign_base(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    contents = value.get("contents", {})
    texts = {key: text for key, text in value.items() if key != "contents"}
    return _is_text_map(texts) and isinstance(contents, dict) and not find_invalid_field(contents, ImageContents)


# By the annotation of a dataclass's field.
TYPES: Mapping[str, Check] = {
    "str": is_text,
    "int": is_port,
    "bool": _is_truth_value,
    "tuple[str, ...] | None": lambda value: value is None or _is_texts(value),
    "Mapping[str, str]": _is_text_map,
    "Mapping[str, int]": _is_port_map,
}
FORMS: Mapping[str, Check] = {
    "name": _matches(naming.ENVIRONMENT_NAME),
    "project": _matches(ABSOLUTE_PATH),
    "workspace": _matches(f"({ABSOLUTE_PATH})?"),
    "creation_path": _matches(f"({ABSOLUTE_PATH})?"),
    "subnet": _is_subnet,
}
# Values that are stored as JSON texts.
CHOICES: Mapping[str, Check] = {
    "cpus": _is_cpu_count,
    "memory_mib": lambda value: is_count(value) and value > 0,
    "run_proxies": _is_text_map,
    "gpu_offered": lambda value: value is None or isinstance(value, bool),
    "base": _is_text_map,
    "foreign_base": _is_foreign_base,
}
