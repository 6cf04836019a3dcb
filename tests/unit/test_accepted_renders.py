"""Every value that the config accepts can be rendered: rules and filters have the same grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from envkit import config
from envkit.config import packages, urls
from envkit.render import build_context
from tests.support.config_samples import load_problem
from tests.support.plan_samples import image_plan

if TYPE_CHECKING:
    from collections.abc import Callable

PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
HOST = st.sampled_from(["index.example", "10.0.0.1", "[fd00::1]", "index.example.", "localhost:8080", "[::1]:443"])
URL = st.builds("{}://{}/{}".format, st.sampled_from(["http", "https"]), HOST, st.text(PRINTABLE, max_size=20))
REQUIREMENT_WITH_MARKER = st.builds(
    "{}{}; {} == '{}'".format,
    st.sampled_from(["six", "a[b]", "x.y"]),
    st.sampled_from(["", "==1.*", "===1.0+cpu", ">=1!2,<3", "~=2.0"]),
    st.sampled_from(["python_version", "platform_release"]),
    st.text(PRINTABLE, max_size=20),
)
PINNED_REQUIREMENT = st.builds("six==={}".format, st.text(PRINTABLE, min_size=1, max_size=20))


def render(**changes: Any) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in build_context.render(image_plan(**changes))}


def accepts(rule: Callable[[str], str], value: str) -> bool:
    try:
        return rule(value) == value
    except ValueError:
        return False


@given(st.text(PRINTABLE, max_size=20) | URL)
def test_an_accepted_url_renders(value: str) -> None:
    if accepts(urls.url, value):
        texts = render(index=value)
        assert f"index-url = {value}\n" in texts["python/pip.conf"]


@given(URL)
def test_an_accepted_mirror_renders(value: str) -> None:
    if accepts(urls.mirror, value):
        texts = render(mirror=value)
        assert f"URIs: {value.rstrip('/')}-security\n" in texts["apt/debian.sources"]


@given(st.text(PRINTABLE, max_size=20) | REQUIREMENT_WITH_MARKER | PINNED_REQUIREMENT)
def test_an_accepted_requirement_renders(value: str) -> None:
    if accepts(packages.requirement, value):
        texts = render(python=(value,))
        assert value in texts["python/requirements.txt"].splitlines()


@given(st.text(PRINTABLE, max_size=12) | st.text("ab9+.-=:~", max_size=12))
def test_an_accepted_debian_package_renders(value: str) -> None:
    if accepts(packages.apt_package, value):
        texts = render(apt=(value,))
        assert f'"{value}"' in texts["Dockerfile"]


def test_unusual_urls_are_accepted_and_render() -> None:
    for value in (
        "https://x.example/a=b/simple",
        "https://x.example/a:b,c",
        "https://x.example//simple",
        "https://[fd00::1]/simple",
        "https://x.example./simple",
        "https://x.example:8443/",
    ):
        assert config.load(f"build: {{index: '{value}'}}").build.index == value
        assert render(index=value)


def test_values_that_cannot_be_rendered_are_config_errors() -> None:
    for text in (
        "python: [\"x; platform_release == 'a #b'\"]",
        "python: [\"x; platform_release == 'a&b'\"]",
        "python: ['x===a/b']",
        "build: {mirror: 'https://mirror.example'}",
        "build: {mirror: 'https://[fd00::1]/'}",
    ):
        assert load_problem(text).code == "invalid-value", text
