"""A config with every key, and helpers for problems, YAML and the JSON Schema."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from envkit import config
from envkit.config import load
from envkit.errors import ConfigError

if TYPE_CHECKING:
    from envkit.problem import Problem

FULL_CONFIG = """\
# yaml-language-server: $schema=envkit.schema.json
name: vision
tensorflow: "2.9.0"
base: official
gpu: auto
apt: [graphviz]
python: ["pandas==1.4.*"]
workspace: .
mounts: [{source: /data, target: /data, read_only: true}]
volumes: {cache: /home/dev/.cache}
env: {TF_CPP_MIN_LOG_LEVEL: "1"}
secrets: {WANDB_API_KEY: {file: ~/.wandb}}
jupyter: {port: 8888}
ssh: {publish: false, port: 2222, keys: ["~/.ssh/id_ed25519.pub"]}
tensorboard: {logdir: logs}
limits: {cpus: 4, memory: 16g, shm: 1g, pids: 1024}
build: {proxy: auto, ca: auto, index: null, mirror: null}
network: {pool: 10.183.0.0/16}
"""


class QuotingDumper(yaml.SafeDumper):
    """Quotes every string: unquoted, PyYAML follows YAML 1.1, which reads `1e3` and `0o17` as strings."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


QuotingDumper.add_representer(str, _represent_quoted)


def to_yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=QuotingDumper, allow_unicode=True)


def load_problems(text: str, file: str = "envkit.yaml") -> tuple[Problem, ...]:
    """Load an invalid config, and return its problems."""
    try:
        load(text, file)
    except ConfigError as error:
        return error.problems
    return pytest.fail(f"{text!r} is accepted")


def load_problem(text: str) -> Problem:
    """Load a config with exactly one problem, and return it."""
    problems = load_problems(text)
    assert len(problems) == 1, (text, problems)
    return problems[0]


@functools.cache
def schema_validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(config.schema())
