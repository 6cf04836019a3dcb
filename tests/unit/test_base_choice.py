"""The base of a config: chosen once, stored, and changed only on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from envkit import config
from envkit.environment import base_image
from envkit.errors import BuildFailed, ConfigError
from envkit.model.engine_state import ForeignBase, ImageContents
from envkit.model.facts import HostGpu
from envkit.model.state import State
from envkit.resolve import sticky
from envkit.resolve.base_choice import BaseChoice
from tests.support.fake_backend import FakeBackend
from tests.support.plan_samples import facts

if TYPE_CHECKING:
    from envkit.backends.backend import Backend
    from envkit.model.facts import Facts

FACTS = facts()
GPU_FACTS = facts(gpu=HostGpu(driver="550.54.14"), gpu_methods=("hook",))
NO_BACKEND = cast("Backend", None)
FOREIGN_BASE = ForeignBase(
    "image", "team/image:1", "sha256:i", ImageContents(codename="bookworm", manager="apt-get"), "default"
)


def choose(text: str, host: Facts = FACTS, saved_state: State | None = None) -> BaseChoice:
    return base_image.choose(config.load(text), host, None, saved_state)


def state_with(choice: BaseChoice, foreign: ForeignBase | None = None, text: str = "base: team/image:1") -> State:
    key = base_image.inspection_key(config.load(text))
    return State("vision", "/p", choices=base_image.serialize_choice(choice, foreign, key))


def inspect_foreign(text: str, saved_state: State) -> ForeignBase | None:
    return base_image.inspect_foreign(choose(text), config.load(text), FACTS, NO_BACKEND, saved_state, "t", None)


def is_inspected(text: str, saved_state: State) -> bool:
    try:
        inspect_foreign(text, saved_state)
    except AttributeError:  # it called the backend, which is None
        return True
    return False


def test_the_base_depends_on_the_config_and_the_gpu() -> None:
    for text, host, kind, ref in [
        ("base: debian", FACTS, "debian", ""),
        ("base: debian", GPU_FACTS, "debian", ""),
        ("base: official", FACTS, "official", "tensorflow/tensorflow:2.9.0-jupyter"),
        ("base: official", GPU_FACTS, "official", "tensorflow/tensorflow:2.9.0-gpu-jupyter"),
        ("base: official\ngpu: off", GPU_FACTS, "official", "tensorflow/tensorflow:2.9.0-jupyter"),
        ("base: official\ngpu: on", FACTS, "official", "tensorflow/tensorflow:2.9.0-gpu-jupyter"),
        ("base: official\ntensorflow: '2.16'\ngpu: on", FACTS, "official", "tensorflow/tensorflow:2.16.1-gpu-jupyter"),
        ("base: registry.example.com/team/image:1", FACTS, "image", "registry.example.com/team/image:1"),
        ("base: nvidia\ntensorflow: '2.17'", GPU_FACTS, "image", "nvcr.io/nvidia/tensorflow:25.02-tf2-py3"),
        ("base: debian:bookworm-slim", FACTS, "image", "debian:bookworm-slim"),
    ]:
        choice = choose(text, host)
        assert (choice.kind, choice.ref, choice.reason) == (kind, ref, ""), text


def test_an_unusable_official_image_is_a_problem_of_the_config() -> None:
    with pytest.raises(ConfigError) as error:
        choose("base: official\ntensorflow: '2.18.0'\ngpu: on")
    (problem,) = error.value.problems
    assert (problem.line, problem.key, problem.code) == (1, "base", "official-image-unusable")
    assert "2.18.0-gpu-jupyter" in problem.message
    assert "Install" in problem.message


def test_nvidias_container_holds_one_release() -> None:
    with pytest.raises(ConfigError) as error:
        choose("base: nvidia\ntensorflow: '2.20'")
    (problem,) = error.value.problems
    assert (problem.line, problem.key) == (1, "base")
    assert 'set tensorflow: "2.17.0"' in problem.message


def test_auto_is_the_default() -> None:
    assert (choose(""), choose("gpu: on")) == (choose("base: auto"), choose("base: auto\ngpu: on"))


def test_auto_gives_the_reason_for_debian() -> None:
    assert (choose("base: auto").kind, choose("base: auto").reason) == ("debian", "no engine answers")
    choice = choose("base: auto\ntensorflow: '2.18.0'\ngpu: on")
    assert choice.kind == "debian"
    assert "cuDNN 8.9" in choice.reason


def test_auto_chooses_debian_without_registry_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BuildFailed("the credentials for docker.io cannot be read: no such helper", code="build-failed")

    monkeypatch.setattr(FakeBackend, "check_image", fail)
    choice = base_image.choose(config.load("base: auto"), FACTS, FakeBackend(), None)
    assert (choice.kind, "no such helper" in choice.reason) == ("debian", True)


def test_a_choice_of_auto_is_kept_until_the_request_changes() -> None:
    official = BaseChoice("official", "tensorflow/tensorflow:2.9.0-jupyter", "2.9.0 cpu", "it is available")
    saved_state = state_with(official)
    assert choose("base: auto", FACTS, saved_state) == official
    assert choose("base: auto\ntensorflow: '2.10'", FACTS, saved_state).kind == "debian"
    assert choose("base: auto\ngpu: on", FACTS, saved_state).kind == "debian"
    assert choose("base: auto", FACTS, sticky.reset_choices(saved_state)).kind == "debian"
    assert choose("base: debian", FACTS, saved_state) == BaseChoice("debian")


def test_an_inspected_image_is_not_inspected_again() -> None:
    saved_state = state_with(BaseChoice("image", "team/image:1"), FOREIGN_BASE)
    assert inspect_foreign("base: team/image:1", saved_state) == FOREIGN_BASE


def test_another_image_release_or_mirror_is_inspected_again() -> None:
    saved_state = state_with(BaseChoice("image", "team/image:1"), FOREIGN_BASE)
    for text in (
        "base: team/image:2",
        "base: team/image:1\ntensorflow: '2.10'",
        "base: team/image:1\nbuild: {python_mirror: 'https://mirror.example.com/p'}",
    ):
        assert is_inspected(text, saved_state), text


def test_a_damaged_record_of_an_inspection_is_ignored() -> None:
    for record in ("[]", "{}", '{"kind": "image"}', '{"kind": "image", "ref": "team/image:1"}'):
        saved_state = State("vision", "/p", choices={sticky.FOREIGN_BASE: record})
        assert is_inspected("base: team/image:1", saved_state), record
