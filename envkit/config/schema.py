"""The config's JSON Schema, from which editors complete and check `envkit.yaml`."""

from __future__ import annotations

from typing import Any

from envkit.config.config import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOTHING = {"type": "null"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `envkit.yaml`.

    It is as strict as `load` in keys and types. Rules that need more than a pattern are load's alone.
    """
    found = Config.model_json_schema(mode="validation")
    sections = [found, *found["$defs"].values()]
    for section in sections:
        required = section.get("required", ())
        section["properties"] = {
            key: _tidied(shape if key in required else _or_nothing(shape))
            for key, shape in section["properties"].items()
        }
    return {"$schema": DIALECT, **found, "title": "envkit.yaml"}


def _or_nothing(shape: dict[str, Any]) -> dict[str, Any]:
    """Allow a key without a value, which means as much as no key."""
    for choice in ("anyOf", "oneOf"):
        if choice in shape:
            return {**shape, choice: [*(option for option in shape[choice] if option != _NOTHING), _NOTHING]}
    if "$ref" in shape:
        rest = {key: value for key, value in shape.items() if key != "$ref"}
        return {"anyOf": [{"$ref": shape["$ref"]}, _NOTHING], **rest}
    return {**shape, "type": [shape["type"], "null"]}


def _tidied(shape: dict[str, Any]) -> dict[str, Any]:
    """Leave out pydantic's titles, and refuse names that fit no pattern."""
    kept = {key: value for key, value in shape.items() if key != "title"}
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept
