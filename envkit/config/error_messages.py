"""Convert pydantic errors to problems with a code, a message and a hint."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_args

import yaml
from pydantic import BaseModel

from envkit.config.display import describe, display_text
from envkit.config.env_vars import looks_like_secret
from envkit.config.invalid_value import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from envkit.config.display import KeyPath
    from envkit.config.origin import Origin
    from envkit.problem import Problem

_EXPECTED_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def explain_errors(
    error: ValidationError, value: Mapping[str, Any], origin: Origin, model: type[BaseModel]
) -> Iterator[Problem]:
    """Convert pydantic's errors to problems.

    Args:
        error: Error of the validation.
        value: Validated value.
        origin: Origin of the value.
        model: Model of the value.
    """
    for detail in error.errors(include_url=False):
        path = _path(detail, value)
        code, message = _explain(detail, path, origin, model)
        yield origin.problem(path, message, code=code)


def _path(detail: ErrorDetails, value: Any) -> KeyPath:
    """Reduce pydantic's location to the user's keys, without union tags and the sides of mapping items."""
    path: list[str | int] = []
    for part in detail["loc"]:
        if part in value if isinstance(value, dict) else isinstance(value, list | tuple) and isinstance(part, int):
            path.append(part)
            value = value[part]
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


def _explain(detail: ErrorDetails, path: KeyPath, origin: Origin, model: type[BaseModel]) -> tuple[str, str]:
    """Return the code and the message of an error."""
    kind = detail["type"]
    if kind == "value_error":
        error = detail["ctx"]["error"]
        return error.code if isinstance(error, InvalidValueError) else "invalid-value", str(error)
    if kind == "extra_forbidden":
        return "unknown-key", _unknown_key(path, model)
    example = _example(path, model)
    if kind in _EXPECTED_TYPES:
        return "invalid-type", _wrong_type(detail, path, origin.raw(path), example)
    if kind == "missing":
        return "missing-key", f"is missing; {example}"
    return "invalid-value", f"is not valid for this key; {example}"


def _wrong_type(detail: ErrorDetails, path: KeyPath, raw: str, example: str) -> str:
    expected, value = _EXPECTED_TYPES[detail["type"]], detail["input"]
    if _is_confidential(path, value):
        return f"expected {expected}, got another type (value hidden); {example}"
    message = f"expected {expected}, got {describe(value)}"
    if isinstance(value, int | float) and raw not in {"", str(value), str(value).lower()}:
        message += f", which is how YAML reads {display_text(raw)}"
    if detail["type"] == "string_type" and isinstance(value, int | float):
        key = f"{display_text(str(path[-1]))}: " if path and isinstance(path[-1], str) else ""
        return f'{message}; put it in quotes: {key}"{display_text(raw or str(value))}"'
    if detail["type"] == "string_type" and value is None:
        return f'{message}; use "" for an empty string, or remove the key'
    return f"{message}; {example}"


def _is_confidential(path: KeyPath, value: Any) -> bool:
    """Check whether a value may be a misplaced secret."""
    if path[:1] == ("env",):
        return isinstance(value, str) or looks_like_secret(str(path[-1]))
    return path[:1] == ("secrets",) and value is not None and not isinstance(value, dict | list)


def _unknown_key(path: KeyPath, model: type[BaseModel]) -> str:
    name = str(path[-1])
    prefix = f"unknown key '{display_text(name)}'"
    section = _section(path, model)
    if section is not model and name in model.model_fields:
        return f"{prefix} here; it belongs at the top level"
    sections = [
        key for key, info in model.model_fields.items() if name in getattr(_nested_model(info), "model_fields", {})
    ]
    if section is model and sections:
        return f"{prefix} here; it belongs under {' or '.join(sections)}"
    matches = difflib.get_close_matches(name[:80], section.model_fields, 1)
    return (
        f"{prefix}; did you mean '{matches[0]}'?"
        if matches
        else f"{prefix}; known keys: {', '.join(section.model_fields)}"
    )


def _example(path: KeyPath, model: type[BaseModel]) -> str:
    """Format an example of the key, from the examples of the model."""
    keys = [str(path[0]), *(part for part in path[1:2] if isinstance(part, str))]
    info: FieldInfo | None = model.model_fields.get(keys[0])
    nested_fields = getattr(_nested_model(info), "model_fields", {}) if info else {}
    if len(keys) > 1 and keys[1] in nested_fields and nested_fields[keys[1]].examples:
        text = _format_yaml({keys[0]: {keys[1]: nested_fields[keys[1]].examples[0]}})
    elif info and info.examples:
        text = _format_yaml({keys[0]: info.examples[0]})
    else:
        return "see `envkit schema`"
    return f"example: {text}"


def _format_yaml(value: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.strip().removeprefix("{").removesuffix("}")


def _section(path: KeyPath, model: type[BaseModel]) -> type[BaseModel]:
    """Return the model whose fields are the valid keys at a path."""
    info = model.model_fields.get(str(path[0])) if len(path) > 1 else None
    return (_nested_model(info) if info else None) or model


def _nested_model(info: FieldInfo | None) -> type[BaseModel] | None:
    """Return the model in a field's annotation: direct, in a list, in a mapping, or in a union."""
    return _find_model(info.annotation) if info else None


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _find_model(part))), None)
