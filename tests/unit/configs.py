"""A config with every key, and what is wrong with one."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema
import pytest
import yaml

from envkit import config
from envkit.config import load
from envkit.errors import ConfigError
from tests.unit.test_yaml_tree import QuotingDumper

DESIGN = """\
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


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(text)
    return [str(problem) for problem in error.value.problems]


def problem(text: str) -> str:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def flow(written: Any) -> str:
    return yaml.dump(written, Dumper=QuotingDumper, allow_unicode=True)


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(config.schema())
