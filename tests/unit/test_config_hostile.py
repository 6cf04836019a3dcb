"""Any config is loaded unchanged or refused with a ConfigError."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import catalog
from envkit.config import Config, display, load
from envkit.errors import ConfigError
from tests.support.config_samples import schema_validator, to_yaml
from tests.support.hostile_values import HOSTILE

if TYPE_CHECKING:
    from envkit.problem import Problem


def load_or_problems(text: str) -> Config | tuple[Problem, ...]:
    """Load a config, or return its problems; other errors fail the test."""
    try:
        return load(text)
    except ConfigError as error:
        return error.problems


def configs_with(value: str) -> list[dict[str, Any]]:
    """Build one config per key that accepts a string, with this value."""
    return [
        {"name": value},
        {"tensorflow": value},
        {"base": value},
        {"apt": [value]},
        {"python": [value]},
        {"python": {"requirements": value}},
        {"workspace": value},
        {"env": {"A": value}},
        {"env": {value: "x"}},
        {"volumes": {"v": value}},
        {"volumes": {value: "/v"}},
        {"mounts": [{"source": value, "target": "/x"}]},
        {"mounts": [{"source": "/x", "target": value}]},
        {"secrets": {"A": {"file": value}}},
        {"secrets": {value: {"file": "x"}}},
        {"ssh": {"keys": [value]}},
        {"build": {"index": value}},
        {"build": {"mirror": value}},
        {"build": {"ca": value}},
        {"build": {"proxy": value}},
        {"network": {"pool": value}},
        {"limits": {"memory": value}},
    ]


@pytest.mark.proves("a config value is refused or kept as written", "real")
def test_a_hostile_value_is_refused_or_kept_whole() -> None:
    for value in HOSTILE:
        for written in configs_with(value):
            loaded = load_or_problems(to_yaml(written))
            if isinstance(loaded, Config):
                assert loaded.model_dump(mode="json", exclude_unset=True) == written


@given(st.text() | st.text("abgpu:-[]{}&*!|>'\"%@#,? \n\t0123.=<~"))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    assert load_or_problems(text)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(HOSTILE)
nested_keys = st.sampled_from(["source", "target", "port", "keys", "file", "requirements", "cpus", "A"])
yaml_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nested_keys | st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(Config.model_fields)), yaml_values, max_size=6))
def test_any_value_is_loaded_or_refused_in_printable_text(written: dict[str, Any]) -> None:
    loaded = load_or_problems(to_yaml(written))
    if not isinstance(loaded, Config):
        assert not any(display.UNPRINTABLE.search(str(problem)) for problem in loaded)


name = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True, alphabet=st.characters(codec="ascii"))
line = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
url = st.sampled_from(["https://packages.example.com/simple", "http://10.0.0.1:3128"])
size = st.builds("{}{}".format, st.integers(512, 9999), st.sampled_from("mgMG"))
mount: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, source=line, target=name.map("/data/{}".format), read_only=st.booleans()
)
limits: dict[str, st.SearchStrategy[Any]] = {
    "cpus": st.integers(1, 64) | st.sampled_from([0.5, 1.25]),
    "memory": size,
    "shm": size,
    "pids": st.integers(64, 9999),
}
build: dict[str, st.SearchStrategy[Any]] = {
    "proxy": url,
    "ca": line,
    "index": url,
    "mirror": url.map("{}/debian".format),
}
keys: dict[str, st.SearchStrategy[Any]] = {
    "name": name,
    "tensorflow": st.sampled_from([release.version for release in catalog.releases()]),
    "base": st.sampled_from(["official", "auto", "x/y:z"]),
    "gpu": st.sampled_from(["auto", "on", "off", [0, 3]]) | st.integers(1, 8),
    "apt": st.lists(st.sampled_from(["graphviz", "g++", "curl=1:2-3"])),
    "python": st.lists(st.sampled_from(["pandas", "a[b]>=1; python_version < '3.10'"]))
    | st.builds(dict, requirements=line),
    "workspace": line,
    "mounts": st.lists(mount, unique_by=lambda mount: mount["target"], max_size=3),
    "volumes": st.dictionaries(name.map("v{}".format), name.map("/vol/{}".format), max_size=1),
    "env": st.dictionaries(st.sampled_from(["A", "b", "TF_X"]), line | st.sampled_from(["", "1e3", "0o17", "on", "~"])),
    "secrets": st.dictionaries(st.sampled_from(["API_KEY", "C"]), st.builds(dict, file=line)),
    "jupyter": st.builds(dict, port=st.integers(1024, 65535) | st.none()),
    "ssh": st.builds(dict, keys=st.lists(line.map("{}.pub".format), min_size=1, max_size=2)),
    "tensorboard": st.builds(dict, logdir=name),
    "limits": st.fixed_dictionaries({}, optional=limits),
    "build": st.fixed_dictionaries({}, optional=build),
    "network": st.builds(dict, pool=st.sampled_from(["10.0.0.0/8", "192.168.7.0/24"])),
}


def test_the_strategy_of_valid_configs_covers_every_key() -> None:
    assert keys.keys() == Config.model_fields.keys()


@given(st.fixed_dictionaries({}, optional=keys))
def test_a_valid_config_round_trips(written: dict[str, Any]) -> None:
    loaded = load(to_yaml(written))
    assert load(to_yaml(loaded.model_dump(mode="json"))) == loaded
    assert load(json.dumps(loaded.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)) == loaded
    assert loaded.with_flags(gpu=loaded.gpu) == loaded
    schema_validator().validate(written)
