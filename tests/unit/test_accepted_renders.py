"""Whatever a config may say of the image can be rendered: there is one grammar, with two locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import config
from envkit.config import packages, urls
from envkit.errors import ConfigError
from envkit.render import build_context
from tests.unit.plans import image_plan

if TYPE_CHECKING:
    from collections.abc import Callable

PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
HOST = st.sampled_from(["index.example", "10.0.0.1", "[fd00::1]", "index.example.", "localhost:8080", "[::1]:443"])
ADDRESS = st.builds("{}://{}/{}".format, st.sampled_from(["http", "https"]), HOST, st.text(PRINTABLE, max_size=20))
MARKED = st.builds(
    "{}{}; {} == '{}'".format,
    st.sampled_from(["six", "a[b]", "x.y"]),
    st.sampled_from(["", "==1.*", "===1.0+cpu", ">=1!2,<3", "~=2.0"]),
    st.sampled_from(["python_version", "platform_release"]),
    st.text(PRINTABLE, max_size=20),
)
EXACT = st.builds("six==={}".format, st.text(PRINTABLE, min_size=1, max_size=20))


def accepts(rule: Callable[[str], str], value: str) -> bool:
    try:
        return rule(value) == value
    except ValueError:
        return False


@given(st.text(PRINTABLE, max_size=20) | ADDRESS)
def test_an_address_that_is_accepted_renders(value: str) -> None:
    if accepts(urls.url, value):
        texts = {one.path: one.text for one in build_context.render(image_plan(index=value))}
        assert f"index-url = {value}\n" in texts["python/pip.conf"]


@given(ADDRESS)
def test_a_mirror_that_is_accepted_renders(value: str) -> None:
    if accepts(urls.mirror, value):
        texts = {one.path: one.text for one in build_context.render(image_plan(mirror=value))}
        assert f"URIs: {value.rstrip('/')}-security\n" in texts["apt/debian.sources"]


@given(st.text(PRINTABLE, max_size=20) | MARKED | EXACT)
def test_a_requirement_that_is_accepted_renders(value: str) -> None:
    if accepts(packages.requirement, value):
        texts = {one.path: one.text for one in build_context.render(image_plan(python=(value,)))}
        assert value in texts["python/requirements.txt"].splitlines()


@given(st.text(PRINTABLE, max_size=12) | st.text("ab9+.-=:~", max_size=12))
def test_a_debian_package_that_is_accepted_renders(value: str) -> None:
    if accepts(packages.apt_package, value):
        texts = {one.path: one.text for one in build_context.render(image_plan(apt=(value,)))}
        assert f'"{value}"' in texts["Dockerfile"]


@pytest.mark.parametrize("value", [
    "https://x.example/a=b/simple", "https://x.example/a:b,c", "https://x.example//simple", "https://[fd00::1]/simple",
    "https://x.example./simple", "https://x.example:8443/",
])  # fmt: skip
def test_an_unusual_address_is_no_bug(value: str) -> None:
    assert config.load(f"build: {{index: '{value}'}}").build.index == value
    build_context.render(image_plan(index=value))


@pytest.mark.parametrize("text", [
    "python: [\"x; platform_release == 'a #b'\"]", "python: [\"x; platform_release == 'a&b'\"]", "python: ['x===a/b']",
    "build: {mirror: 'https://mirror.example'}", "build: {mirror: 'https://[fd00::1]/'}",
])  # fmt: skip
def test_what_cannot_be_rendered_is_told_as_a_fault_of_the_config(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.load(text)
    assert "write" in str(error.value)
