"""What a config says, and where it says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from envkit import catalog, config
from envkit.config import Config, load
from envkit.errors import Problem
from tests.unit.configs import DESIGN

ROOT = Path(__file__).parents[2]


@pytest.mark.proves("no file is a config of defaults", "real")
@pytest.mark.parametrize("text", [None, "", "\n", "# only words\n", "---\n", "{}", "null"])
def test_nothing_is_a_config_of_defaults(text: str | None) -> None:
    found = load(text)
    assert found == Config()
    assert found.tensorflow == catalog.DEFAULT_RELEASE
    assert (found.name, found.base, found.gpu, found.workspace) == (None, "auto", "auto", ".")
    assert (found.jupyter.port, found.ssh.publish, found.ssh.port, found.ssh.keys) == (None, False, None, None)
    assert (found.ssh.agent, found.ssh.kex) == (False, "default")
    limits = found.limits
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (None, None, 1024, 4096)
    assert (found.build.proxy, found.build.ca, found.build.index, found.build.mirror) == ("auto", "auto", None, None)
    assert (found.tensorboard.logdir, found.network.pool) == ("logs", "10.183.0.0/16")
    assert (found.python, found.apt, found.mounts) == ((), (), ())


def test_every_key_of_the_design_is_read() -> None:
    found = load(DESIGN)
    assert (found.name, found.base, found.apt) == ("vision", "official", ("graphviz",))
    assert found.python == ("pandas==1.4.*",)
    assert found.mounts[0].model_dump() == {"source": "/data", "target": "/data", "read_only": True}
    assert found.volumes == {"cache": "/home/dev/.cache"}
    assert found.env == {"TF_CPP_MIN_LOG_LEVEL": "1"}
    assert found.secrets["WANDB_API_KEY"].file == "~/.wandb"
    assert (found.jupyter.port, found.ssh.keys) == (8888, ("~/.ssh/id_ed25519.pub",))
    limits = found.limits
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (4, 16384, 1024, 1024)


def test_the_quickstart_is_read() -> None:
    assert load((ROOT / "examples/quickstart/envkit.yaml").read_text()).base == "auto"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("name: a-b", "name", "a-b"),
        ("tensorflow: 2.9.1", "tensorflow", "2.9.1"),
        ("base: registry.example.com/x:y", "base", "registry.example.com/x:y"),
        ("gpu: on", "gpu", "on"),
        ("gpu: true", "gpu", "on"),
        ("gpu: false", "gpu", "off"),
        ("gpu: 2", "gpu", 2),
        ("gpu: [0, 1]", "gpu", (0, 1)),
        ("apt: [g++, graphviz=2.42.2-7]", "apt", ("g++", "graphviz=2.42.2-7")),
        ("workspace: ../other", "workspace", "../other"),
        ("env: {A: 'true', B: ''}", "env", {"A": "true", "B": ""}),
        ("volumes: {d: /data}", "volumes", {"d": "/data"}),
    ],
)
def test_a_key_is_read_as_written(text: str, key: str, value: object) -> None:
    assert getattr(load(text), key) == value


def test_a_requirements_file_is_named_instead_of_a_list() -> None:
    found = load("python: {requirements: requirements.txt}")
    assert found.python == config.Requirements(requirements="requirements.txt")


def test_a_key_without_a_value_is_its_default() -> None:
    text = "".join(f"{key}:\n" for key in Config.model_fields)
    assert load(text) == load("ssh: {port: null, keys: ~}\nlimits: {shm: }") == Config()


def test_a_whole_number_of_processors_or_a_part_of_one() -> None:
    assert load("limits: {cpus: 0.5}").limits.cpus == 0.5


def test_a_config_cannot_be_changed() -> None:
    found = load(DESIGN)
    with pytest.raises(ValidationError):
        found.name = "other"  # type: ignore[misc]  # what this test is about
    with pytest.raises(ValidationError):
        found.ssh.port = 1  # type: ignore[misc]


def test_a_problem_found_later_names_the_line_of_its_key() -> None:
    found = load("apt:\n  - graphviz\n  - curl\nssh:\n  port: 2222\n", "x.yaml")
    keys = ("apt", "apt[1]", "ssh.port", "ssh.keys[0]", "name")
    assert [found.problem(key, "").line for key in keys] == [1, 3, 5, 4, 0]
    assert found.problem("apt[1]", "no") == Problem("x.yaml", 3, "apt[1]", "no")
    assert str(found.problem("name", "no")) == "x.yaml name: no"


def test_what_a_config_says_does_not_depend_on_where_it_says_it() -> None:
    assert load("\n\nname: a", "x.yaml") == load("name: a", "y.yaml") != load("name: b", "y.yaml")
