"""Which image a config is built on, and what of that is remembered: it never changes by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from envkit import config
from envkit.backends.docker import inspect, registry
from envkit.environment import base_image
from envkit.errors import BuildFailed, ConfigError
from envkit.model.engine_state import ForeignBase, ImageContents
from envkit.model.facts import Account, Facts, HostGpu
from envkit.model.state import State
from envkit.resolve import sticky
from envkit.resolve.base_choice import BaseChoice

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine

FACTS = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace="/p",
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    config_files={},
    cpus=4,
    memory_mib=8192,
    machine="amd64",
)
WITH_GPU = replace(FACTS, gpu=HostGpu(driver="550.54.14"), gpu_methods=("hook",))
NOBODY = cast("Engine", None)  # what is remembered asks no engine
GROUND = ForeignBase(
    "image", "team/image:1", "sha256:i", ImageContents(codename="bookworm", manager="apt-get"), "default"
)


def chosen(text: str, facts: Facts = FACTS, remembered: State | None = None) -> BaseChoice:
    return base_image.choose(config.load(text), facts, None, remembered)


def remembering(choice: BaseChoice, ground: ForeignBase | None = None, text: str = "base: team/image:1") -> State:
    return State(
        "vision",
        "/p",
        choices=base_image.serialize_choice(choice, ground, base_image.inspection_key(config.load(text))),
    )


@pytest.mark.parametrize(
    ("text", "facts", "kind", "ref"),
    [
        ("base: debian", FACTS, "debian", ""),
        ("base: debian", WITH_GPU, "debian", ""),
        ("base: official", FACTS, "official", "tensorflow/tensorflow:2.9.0-jupyter"),
        ("base: official", WITH_GPU, "official", "tensorflow/tensorflow:2.9.0-gpu-jupyter"),
        ("base: official\ngpu: off", WITH_GPU, "official", "tensorflow/tensorflow:2.9.0-jupyter"),
        ("base: official\ngpu: on", FACTS, "official", "tensorflow/tensorflow:2.9.0-gpu-jupyter"),
        ("base: official\ntensorflow: '2.16'\ngpu: on", FACTS, "official", "tensorflow/tensorflow:2.16.1-gpu-jupyter"),
        ("base: registry.example.com/team/image:1", FACTS, "image", "registry.example.com/team/image:1"),
        ("base: debian:bookworm-slim", FACTS, "image", "debian:bookworm-slim"),
    ],
)
def test_the_base_is_chosen_by_the_config_and_the_gpu(text: str, facts: Facts, kind: str, ref: str) -> None:
    found = chosen(text, facts)
    assert (found.kind, found.ref, found.why) == (kind, ref, "")


def test_a_broken_official_image_is_a_problem_of_the_config_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"envkit\.yaml:1 base: .*2\.18\.0-gpu-jupyter does not serve.*Install"):
        chosen("base: official\ntensorflow: '2.18.0'\ngpu: on")


def test_auto_is_taken_where_the_config_names_no_base() -> None:
    assert (chosen(""), chosen("gpu: on")) == (chosen("base: auto"), chosen("base: auto\ngpu: on"))


def test_auto_says_why_it_takes_debian() -> None:
    assert (chosen("base: auto").kind, chosen("base: auto").why) == ("debian", "no engine answers")
    broken = chosen("base: auto\ntensorflow: '2.18.0'\ngpu: on")
    assert broken.kind == "debian"
    assert "holds cuDNN 8.9" in broken.why


def test_auto_takes_debian_where_the_credentials_of_the_registry_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise BuildFailed("the credentials for docker.io cannot be read: no such helper")

    monkeypatch.setattr(inspect, "image", lambda *_: None)
    monkeypatch.setattr(registry, "check_image", refused)
    found = base_image.choose(config.load("base: auto"), FACTS, cast("Engine", object()), None)
    assert (found.kind, "no such helper" in found.why) == ("debian", True)


def test_what_auto_chose_stays_until_something_else_is_asked() -> None:
    official = BaseChoice("official", "tensorflow/tensorflow:2.9.0-jupyter", "2.9.0 cpu", "it is here")
    remembered = remembering(official)
    assert chosen("base: auto", FACTS, remembered) == official
    assert chosen("base: auto\ntensorflow: '2.10'", FACTS, remembered).kind == "debian"
    assert chosen("base: auto\ngpu: on", FACTS, remembered).kind == "debian"
    assert chosen("base: auto", FACTS, sticky.reset_choices(remembered)).kind == "debian"
    assert chosen("base: debian", FACTS, remembered) == BaseChoice("debian")


def test_an_image_that_was_looked_into_is_not_looked_into_again() -> None:
    text = "base: team/image:1"
    remembered = remembering(BaseChoice("image", "team/image:1"), GROUND)
    assert base_image.inspect_foreign(chosen(text), config.load(text), FACTS, NOBODY, remembered, "t", None) == GROUND


@pytest.mark.parametrize(
    "text",
    [
        "base: team/image:2",
        "base: team/image:1\ntensorflow: '2.10'",
        "base: team/image:1\nbuild: {python_mirror: 'https://mirror.example.com/p'}",
    ],
)
def test_another_image_release_or_mirror_is_looked_at_anew(text: str) -> None:
    remembered = remembering(BaseChoice("image", "team/image:1"), GROUND)
    with pytest.raises(AttributeError):  # it asks the engine, of which there is none here
        base_image.inspect_foreign(chosen(text), config.load(text), FACTS, NOBODY, remembered, "t", None)


@pytest.mark.parametrize("damaged", ["[]", "{}", '{"kind": "image"}', '{"kind": "image", "ref": "team/image:1"}'])
def test_a_damaged_memory_of_a_look_counts_as_none(damaged: str) -> None:
    text = "base: team/image:1"
    remembered = State("vision", "/p", choices={sticky.FOREIGN_BASE: damaged})
    with pytest.raises(AttributeError):
        base_image.inspect_foreign(chosen(text), config.load(text), FACTS, NOBODY, remembered, "t", None)
