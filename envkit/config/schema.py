"""JSON Schema of the config, for completion and checks of `envkit.yaml` in editors."""

from __future__ import annotations

from typing import Any

from envkit.config.config import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL_TYPE = {"type": "null"}


def schema() -> dict[str, Any]:
    """Build the JSON Schema (draft 2020-12) of `envkit.yaml`.

    It is as strict as `load` for keys and types. Only `load` checks rules that need more than a pattern.
    """
    document = Config.model_json_schema(mode="validation")
    sections = [document, *document["$defs"].values()]
    for section in sections:
        required = section.get("required", ())
        section["properties"] = {
            key: _clean_up(shape if key in required else _allow_null(shape))
            for key, shape in section["properties"].items()
        }
    return {"$schema": DIALECT, **document, "title": "envkit.yaml"}


def _allow_null(shape: dict[str, Any]) -> dict[str, Any]:
    """Allow a key without a value, which is equivalent to no key."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in shape:
            return {**shape, keyword: [*(option for option in shape[keyword] if option != _NULL_TYPE), _NULL_TYPE]}
    if "$ref" in shape:
        rest = {key: value for key, value in shape.items() if key != "$ref"}
        return {"anyOf": [{"$ref": shape["$ref"]}, _NULL_TYPE], **rest}
    return {**shape, "type": [shape["type"], "null"]}


def _clean_up(shape: dict[str, Any]) -> dict[str, Any]:
    """Remove pydantic's titles, and refuse keys that match no pattern."""
    cleaned = {key: value for key, value in shape.items() if key != "title"}
    return {**cleaned, "additionalProperties": False} if "patternProperties" in cleaned else cleaned
