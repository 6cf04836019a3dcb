"""The JSON Schema for editors, and the config that `envkit init` writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from envkit import config
from envkit.config import Config, load, yaml_reader
from envkit.config.invalid_value import InvalidValueError
from tests.support.config_samples import FULL_CONFIG, load_problems, schema_validator
from tests.support.hostile_values import HOSTILE

ROOT = Path(__file__).parents[2]


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(config.schema())
    assert json.loads(json.dumps(config.schema()))["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.proves("the JSON Schema accepts every config that envkit accepts", "real")
def test_schema_and_load_accept_the_same() -> None:
    for text in (
        FULL_CONFIG,
        (ROOT / "examples/quickstart/envkit.yaml").read_text(),
        config.starter("vision"),
        "python: {requirements: x.txt}\ngpu: [0, 1]\nlimits: {shm: }\n",
        "".join(f"{key}:\n" for key in Config.model_fields),
        "gpu: true\nlimits: {cpus: 0.5}\n",
        "limits: {cpus: 0.01, memory: 512m, shm: 64M, pids: 64}\n",
        "limits: {memory: 1g, shm: 100m}\n",
        "{}",
    ):
        load(text)
        schema_validator().validate(yaml_reader.read(text, "f")[0].value)


def test_schema_and_load_refuse_the_same() -> None:
    for text in (
        "x: 1",
        "ssh: {x: 1}",
        "mounts: [{source: /a}]",
        "mounts: [/a:/b]",
        "name: 1",
        "name: A",
        "tensorflow: 2.10",
        "tensorflow: latest",
        "gpu: yes",
        "gpu: 0",
        "gpu: []",
        "gpu: [0, 0]",
        "gpu: [-1]",
        "apt: x",
        "apt: [1]",
        "apt: ['-o']",
        "python: x",
        "python: {}",
        "python: [1]",
        "workspace: 1",
        "env: []",
        "env: {A: 1}",
        "volumes: {A: /x}",
        "volumes: {a: x}",
        "secrets: {A: x}",
        "secrets: {A: {}}",
        "jupyter: {port: 80}",
        "jupyter: {port: '1'}",
        "ssh: {publish: yes}",
        "ssh: {keys: []}",
        "ssh: []",
        "limits: {cpus: 0}",
        "limits: {memory: 16}",
        "limits: {memory: 1t}",
        "limits: {pids: 1}",
        "limits: {cpus: 0.009}",
        "limits: {memory: 511m}",
        "limits: {memory: 9M}",
        "limits: {shm: 63m}",
        "build: {index: x}",
        "- a",
    ):
        load_problems(text)
        assert not schema_validator().is_valid(yaml_reader.read(text, "f")[0].value), text


def test_the_schema_describes_every_key() -> None:
    schema = config.schema()
    sections = {"": schema, **schema["$defs"]}
    undescribed = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, shape in section["properties"].items()
        if "description" not in shape and not any("$ref" in choice for choice in shape.get("anyOf", ()))
    ]
    assert undescribed == []
    assert all("description" in section for section in sections.values())


def test_every_example_of_the_schema_is_valid() -> None:
    examples = [(key, example) for key, info in Config.model_fields.items() for example in info.examples or ()]
    assert len(examples) >= len(Config.model_fields)
    for key, example in examples:
        assert key in load(json.dumps({key: example})).model_fields_set


def test_the_starter_has_no_name_and_refers_to_the_schema() -> None:
    text = config.starter("vision")
    assert load(text) == load('base: auto\ngpu: auto\ntensorflow: "2.9.0"\n')
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={config.SCHEMA_FILE}"


def test_the_starter_is_valid_without_comment_marks() -> None:
    lines = config.starter("vision").splitlines()[4:]
    loaded = load("\n".join(line.removeprefix("# ") for line in lines))
    assert loaded.model_fields_set == set(Config.model_fields)


def test_the_starter_keeps_any_valid_name() -> None:
    for name in ("vision", "yes", "null", "bash-", "true", "123", "1e3", "0x1f", "off"):
        assert load(config.starter(name).replace("# name:", "name:")).name == name


def test_the_starter_refuses_an_invalid_name() -> None:
    for name in HOSTILE:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name):
            with pytest.raises(InvalidValueError):
                config.starter(name)
