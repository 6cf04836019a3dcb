"""Flags of the command line stand over keys of the config."""

from __future__ import annotations

from typing import Any

import pytest

from envkit import config
from envkit.config import load
from envkit.errors import ConfigError
from tests.unit.configs import DESIGN


def test_flags_override_keys_of_the_same_name() -> None:
    found = load("gpu: off\nname: a\napt: [curl]\n").with_flags(gpu="on", name=None, base="auto", python=["pandas"])
    assert (found.gpu, found.name, found.base, found.apt, found.python) == ("on", "a", "auto", ("curl",), ("pandas",))


def test_a_config_without_flags_is_the_same_config() -> None:
    found = load(DESIGN)
    assert found.with_flags(gpu=None) is found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tensorflow": "latest"}, 'command line --tensorflow: "latest" is no TensorFlow version'),
        ({"name": "A"}, 'command line --name: "A" is no environment name'),
        ({"gpu": 0}, "command line --gpu: 0 is no count of GPUs"),
        ({"gpu": [1, 1]}, "command line --gpu: names a GPU twice"),
        ({"apt": ["-o"]}, 'command line --apt[0]: "-o" is no Debian package'),
        ({"nmae": "a"}, "command line --nmae: unknown key 'nmae'; did you mean 'name'?"),
        ({"base": "a\udcff"}, 'command line --base: "a\\udcff" is no base'),
    ],
)
def test_a_bad_flag_is_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=r"command line --") as error:
        load(DESIGN).with_flags(**changes)
    assert str(error.value).startswith(expected)


def test_flags_keep_the_lines_of_all_other_keys() -> None:
    found = load("name: a\n\nbase: debian\n").with_flags(name="b").with_flags(gpu="on")
    assert str(found.problem("name", "no")) == "command line --name: no"
    assert str(found.problem("gpu", "no")) == "command line --gpu: no"
    assert str(found.problem("base", "no")) == "envkit.yaml:3 base: no"


def test_flags_keep_every_other_value() -> None:
    assert load(DESIGN).with_flags(name="vision") == load(DESIGN)


@pytest.mark.parametrize(("text", "meant"), [("2", 2), ("0,1", [0, 1]), ("0,", [0]), ("0, 1", [0, 1])])
def test_the_gpus_flag_takes_a_count_or_numbers(text: str, meant: object) -> None:
    assert config.parse_gpus(text) == meant


@pytest.mark.parametrize("text", ["", ",", "all", "-1", "1,,2", "1.5", "٣", "9" * 5000, "0,x", "0 1"])
def test_the_gpus_flag_takes_nothing_else(text: str) -> None:
    with pytest.raises(ConfigError, match="command line --gpus"):
        config.parse_gpus(text)
