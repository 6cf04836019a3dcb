"""Values of a config, and the lines of its keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from envkit import catalog, config
from envkit.config import Config, load
from envkit.problem import Problem
from tests.support.config_samples import FULL_CONFIG

ROOT = Path(__file__).parents[2]


@pytest.mark.proves("without a config file, all defaults apply", "real")
def test_an_empty_config_has_all_defaults() -> None:
    for text in (None, "", "\n", "# only words\n", "---\n", "{}", "null"):
        assert load(text) == Config(), text
    default = Config()
    assert default.tensorflow == catalog.DEFAULT_RELEASE
    assert (default.name, default.base, default.gpu, default.workspace) == (None, "auto", "auto", ".")
    ssh, limits, build = default.ssh, default.limits, default.build
    assert (default.jupyter.port, ssh.publish, ssh.port, ssh.keys) == (None, False, None, None)
    assert (ssh.agent, ssh.kex) == (False, "default")
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (None, None, 1024, 4096)
    assert (build.proxy, build.ca, build.index, build.mirror) == ("auto", "auto", None, None)
    assert (default.tensorboard.logdir, default.network.pool) == ("logs", "10.183.0.0/16")
    assert (default.python, default.apt, default.mounts) == ((), (), ())


def test_every_key_is_loaded() -> None:
    loaded = load(FULL_CONFIG)
    assert (loaded.name, loaded.base, loaded.apt) == ("vision", "official", ("graphviz",))
    assert loaded.python == ("pandas==1.4.*",)
    assert loaded.mounts[0].model_dump() == {"source": "/data", "target": "/data", "read_only": True}
    assert loaded.volumes == {"cache": "/home/dev/.cache"}
    assert loaded.env == {"TF_CPP_MIN_LOG_LEVEL": "1"}
    assert loaded.secrets["WANDB_API_KEY"].file == "~/.wandb"
    assert (loaded.jupyter.port, loaded.ssh.keys) == (8888, ("~/.ssh/id_ed25519.pub",))
    limits = loaded.limits
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (4, 16384, 1024, 1024)


def test_the_quickstart_config_is_valid() -> None:
    assert load((ROOT / "examples/quickstart/envkit.yaml").read_text()).base == "auto"


def test_values_are_loaded_as_written() -> None:
    for text, key, expected in (
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
    ):
        assert getattr(load(text), key) == expected, text


def test_a_requirements_file_replaces_the_package_list() -> None:
    loaded = load("python: {requirements: requirements.txt}")
    assert loaded.python == config.Requirements(requirements="requirements.txt")


def test_a_key_without_a_value_has_its_default() -> None:
    text = "".join(f"{key}:\n" for key in Config.model_fields)
    assert load(text) == load("ssh: {port: null, keys: ~}\nlimits: {shm: }") == Config()


def test_a_cpu_count_can_be_fractional() -> None:
    assert load("limits: {cpus: 0.5}").limits.cpus == 0.5


def test_a_config_is_immutable() -> None:
    loaded = load(FULL_CONFIG)
    with pytest.raises(ValidationError):
        loaded.name = "other"  # type: ignore[misc]  # the subject of this test
    with pytest.raises(ValidationError):
        loaded.ssh.port = 1  # type: ignore[misc]


def test_a_later_problem_has_the_line_of_its_key() -> None:
    loaded = load("apt:\n  - graphviz\n  - curl\nssh:\n  port: 2222\n", "x.yaml")
    keys = ("apt", "apt[1]", "ssh.port", "ssh.keys[0]", "name")
    assert [loaded.problem(key, "").line for key in keys] == [1, 3, 5, 4, 0]
    assert loaded.problem("apt[1]", "no") == Problem("x.yaml", 3, "apt[1]", "no")
    assert loaded.problem("apt", "no", code="port-taken") == Problem("x.yaml", 1, "apt", "no", "port-taken")
    assert str(loaded.problem("name", "no")) == "x.yaml name: no"


def test_configs_of_different_files_compare_by_value() -> None:
    assert load("\n\nname: a", "x.yaml") == load("name: a", "y.yaml") != load("name: b", "y.yaml")
