"""The config's JSON Schema, from which editors complete and check `envkit.yaml`."""

from __future__ import annotations

from typing import Any

from envkit.config.config import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `envkit.yaml`.

    It is as strict as `load` in keys and types. Rules that need more than a pattern are load's alone.
    """
    found = Config.model_json_schema(mode="validation")
    sections = [found, *found["$defs"].values()]
    for section in sections:
        required = section.get("required", ())
        section["properties"] = {
            key: _without_title(shape if key in required else _or_nothing(shape))
            for key, shape in section["properties"].items()
        }
    return {"$schema": DIALECT, **found, "title": "envkit.yaml"}


def _or_nothing(shape: dict[str, Any]) -> dict[str, Any]:
    """Allow a key without a value, which means as much as no key."""
    if "anyOf" in shape:
        choices = [choice for choice in shape["anyOf"] if choice != {"type": "null"}]
        return {**shape, "anyOf": [*choices, {"type": "null"}]}
    if "$ref" in shape:
        rest = {key: value for key, value in shape.items() if key != "$ref"}
        return {"anyOf": [{"$ref": shape["$ref"]}, {"type": "null"}], **rest}
    return {**shape, "type": [shape["type"], "null"]} if "type" in shape else shape


def _without_title(shape: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shape.items() if key != "title"}
