"""Hostile values cannot change the build context beyond their place."""

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
from tests.support.build_contexts import context, dockerfile, instructions, user_apt_command
from tests.support.hostile_values import HOSTILE
from tests.support.plan_samples import image_plan, release, suite

if TYPE_CHECKING:
    from collections.abc import Callable


PLAIN = instructions(dockerfile(image_plan()))
WITH_APT = instructions(dockerfile(image_plan(apt=("git",))))
WITH_PYTHON = instructions(dockerfile(image_plan(python=("six",))))


def test_a_hostile_debian_package_is_refused_or_one_word() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            assert user_apt_command(image_plan(apt=(value,))) == ["/opt/envkit/build/install-apt", "--", value]
            assert re.fullmatch(r"[a-z0-9][a-z0-9+.=:~-]*[A-Za-z0-9+]", value)


def test_a_hostile_requirement_is_refused_or_one_line() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            files = context(image_plan(python=(value,)))
            assert files["python/requirements.txt"].text == f"{value}\n"
            assert re.fullmatch(r"[A-Za-z0-9].*", value)
            assert instructions(files["Dockerfile"].text) == WITH_PYTHON, value


@pytest.mark.proves("no config value changes the sequence of the Dockerfile's instructions", "real")
def test_hostile_plan_values_keep_the_instructions() -> None:
    variants: tuple[Callable[[str], dict[str, Any]], ...] = (
        lambda value: {"base": Base("debian", value, "", "")},
        lambda value: {"index": value},
        lambda value: {"mirror": value},
        lambda value: {"suite": suite(kex=(value,))},
        lambda value: {"suite": suite(name=value)},
        lambda value: {"release": release(package_cpu=value)},
        lambda value: {"release": release(python=value)},
    )
    for changes in variants:
        for value in HOSTILE:
            with suppress(UnsafeValueError):
                files = context(image_plan(**changes(value)))
                assert instructions(files["Dockerfile"].text) == PLAIN, changes(value)


def test_a_hostile_reason_remains_a_comment() -> None:
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            files = context(image_plan(release=release(bounds=(Bound("protobuf", "<3.20", value),))))
            assert f"protobuf<3.20  # {value}" in files["python/constraints.txt"].text.splitlines()


@pytest.mark.proves("no config value changes the sequence of the Dockerfile's instructions", "real")
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_package_changes_the_instructions(apt: str, python: str) -> None:
    for plan, expected in ((image_plan(apt=(apt,)), WITH_APT), (image_plan(python=(python,)), WITH_PYTHON)):
        try:
            assert instructions(dockerfile(plan)) == expected
        except UnsafeValueError:
            continue


@given(st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,20}[a-z0-9+](=[0-9][A-Za-z0-9.+:~-]{0,10})?", fullmatch=True))
def test_every_valid_debian_package_is_rendered(package: str) -> None:
    plan = image_plan(apt=(package,))
    assert user_apt_command(plan)[-1] == package
    assert instructions(dockerfile(plan)) == WITH_APT


@given(st.from_regex(r"[a-z][a-z0-9]{0,20}(==[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\.\*)?)?", fullmatch=True))
def test_every_valid_requirement_is_rendered(requirement: str) -> None:
    files = context(image_plan(python=(requirement,)))
    assert files["python/requirements.txt"].text == f"{requirement}\n"
    assert instructions(files["Dockerfile"].text) == WITH_PYTHON


def test_values_are_not_rendered_as_templates() -> None:
    bounds = (Bound("six", "<2", "{{ 7 * 7 }} {% raw %}"),)
    files = context(image_plan(release=release(bounds=bounds)))
    assert "{{ 7 * 7 }} {% raw %}" in files["python/constraints.txt"].text
