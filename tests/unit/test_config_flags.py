"""Flags of the command line override keys of the config."""

from __future__ import annotations

from typing import Any

import pytest

from envkit import config
from envkit.config import load
from envkit.errors import ConfigError
from tests.support.config_samples import FULL_CONFIG


def test_flags_override_keys_of_the_same_name() -> None:
    loaded = load("gpu: off\nname: a\napt: [curl]\n")
    changed = loaded.with_flags(gpu="on", name=None, base="auto", python=["pandas"])
    assert (changed.gpu, changed.name, changed.base) == ("on", "a", "auto")
    assert (changed.apt, changed.python) == (("curl",), ("pandas",))


def test_without_flags_the_config_is_unchanged() -> None:
    loaded = load(FULL_CONFIG)
    assert loaded.with_flags(gpu=None) is loaded


def test_an_invalid_flag_is_named() -> None:
    cases: tuple[tuple[dict[str, Any], str, str], ...] = (
        ({"tensorflow": "latest"}, "--tensorflow", "invalid-value"),
        ({"name": "A"}, "--name", "invalid-value"),
        ({"gpu": 0}, "--gpu", "invalid-value"),
        ({"gpu": [1, 1]}, "--gpu", "invalid-value"),
        ({"apt": ["-o"]}, "--apt[0]", "invalid-value"),
        ({"nmae": "a"}, "--nmae", "unknown-key"),
        ({"base": "a\udcff"}, "--base", "invalid-value"),
    )
    for changes, key, code in cases:
        with pytest.raises(ConfigError) as error:
            load(FULL_CONFIG).with_flags(**changes)
        (problem,) = error.value.problems
        assert (problem.file, problem.line, problem.key, problem.code) == ("command line", 0, key, code), changes
        assert "\udcff" not in problem.message


def test_flags_keep_the_lines_of_other_keys() -> None:
    loaded = load("name: a\n\nbase: debian\n").with_flags(name="b").with_flags(gpu="on")
    assert str(loaded.problem("name", "no")) == "command line --name: no"
    assert str(loaded.problem("gpu", "no")) == "command line --gpu: no"
    assert str(loaded.problem("base", "no")) == "envkit.yaml:3 base: no"


def test_flags_keep_the_values_of_other_keys() -> None:
    assert load(FULL_CONFIG).with_flags(name="vision") == load(FULL_CONFIG)


def test_the_gpus_flag_accepts_a_count_or_gpu_numbers() -> None:
    for text, expected in (("2", 2), ("0,1", [0, 1]), ("0,", [0]), ("0, 1", [0, 1])):
        assert config.parse_gpus(text) == expected, text


def test_the_gpus_flag_refuses_other_values() -> None:
    for text in ("", ",", "all", "-1", "1,,2", "1.5", "٣", "9" * 5000, "0,x", "0 1"):
        with pytest.raises(ConfigError) as error:
            config.parse_gpus(text)
        (problem,) = error.value.problems
        assert (problem.file, problem.key, problem.code) == ("command line", "--gpus", "invalid-value"), text
