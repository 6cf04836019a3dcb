"""The build context: what no value can change."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.model.image import Base
from envkit.model.release import Bound
from envkit.render.filters import UnsafeValueError
from tests.unit.contexts import context, dockerfile, sequence, users_command
from tests.unit.hostile import HOSTILE
from tests.unit.plans import image_plan, release, suite

if TYPE_CHECKING:
    from collections.abc import Callable


PLAIN = sequence(dockerfile(image_plan()))
WITH_APT = sequence(dockerfile(image_plan(apt=("git",))))
WITH_PYTHON = sequence(dockerfile(image_plan(python=("six",))))


def test_a_hostile_debian_package_is_refused_or_stays_one_word() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            assert users_command(image_plan(apt=(value,))) == ["/opt/envkit/build/install-apt", "--", value]
            assert re.fullmatch(r"[a-z0-9][a-z0-9+.=:~-]*[A-Za-z0-9+]", value)


def test_a_hostile_requirement_is_refused_or_stays_one_line() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            made = context(image_plan(python=(value,)))
            assert made["python/requirements.txt"].text == f"{value}\n"
            assert re.fullmatch(r"[A-Za-z0-9].*", value)
            assert sequence(made["Dockerfile"].text) == WITH_PYTHON, value


@pytest.mark.proves("no value changes the sequence of the Dockerfile's instructions", "real")
@pytest.mark.parametrize(
    "changes",
    [
        lambda value: {"base": Base("debian", value, "", "")},
        lambda value: {"index": value},
        lambda value: {"mirror": value},
        lambda value: {"suite": suite(kex=(value,))},
        lambda value: {"suite": suite(name=value)},
        lambda value: {"release": release(package_cpu=value)},
        lambda value: {"release": release(python=value)},
    ],
    ids=["base", "index", "mirror", "key exchange", "suite", "package", "Python"],
)
def test_a_hostile_base_index_mirror_or_key_exchange_changes_nothing_else(
    changes: Callable[[str], dict[str, Any]],
) -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            assert sequence(context(image_plan(**changes(value)))["Dockerfile"].text) == PLAIN, value


def test_a_hostile_reason_stays_a_comment() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            made = context(image_plan(release=release(bounds=(Bound("protobuf", "<3.20", value),))))
            assert made["python/constraints.txt"].text.splitlines()[-1] == f"protobuf<3.20  # {value}"


@pytest.mark.proves("no value changes the sequence of the Dockerfile's instructions", "real")
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_package_ever_changes_the_sequence_of_instructions(apt: str, python: str) -> None:
    for plan, expected in ((image_plan(apt=(apt,)), WITH_APT), (image_plan(python=(python,)), WITH_PYTHON)):
        try:
            assert sequence(dockerfile(plan)) == expected
        except UnsafeValueError:
            continue


@given(st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,20}[a-z0-9+](=[0-9][A-Za-z0-9.+:~-]{0,10})?", fullmatch=True))
def test_every_valid_debian_package_arrives(package: str) -> None:
    plan = image_plan(apt=(package,))
    assert users_command(plan)[-1] == package
    assert sequence(dockerfile(plan)) == WITH_APT


@given(st.from_regex(r"[a-z][a-z0-9]{0,20}(==[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\.\*)?)?", fullmatch=True))
def test_every_valid_requirement_arrives(requirement: str) -> None:
    made = context(image_plan(python=(requirement,)))
    assert made["python/requirements.txt"].text == f"{requirement}\n"
    assert sequence(made["Dockerfile"].text) == WITH_PYTHON


def test_a_value_is_never_rendered_again() -> None:
    bounds = (Bound("six", "<2", "{{ 7 * 7 }} {% raw %}"),)
    made = context(image_plan(release=release(bounds=bounds)))
    assert "{{ 7 * 7 }} {% raw %}" in made["python/constraints.txt"].text
