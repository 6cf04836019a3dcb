"""Each Jinja filter refuses a value, or formats it so that it is read back unchanged."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from envkit.render import filters
from envkit.render.filters import UnsafeValueError

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.version_info >= (3, 11):
    import tomllib

LINE_BREAKING = ["a\nRUN touch /pwned", "a\r\nb", "a\0b", "a\x1b[31mb", "a\u2028b", "a\u2029b", "a\x85b", "a\u202eb"]
PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=60)
ANY_TEXT = st.text(max_size=60)

REFUSED: list[tuple[Callable[[str], str], str]] = [
    # apt: options, removals, files, shell syntax
    (filters.package, "-oAPT::Update::Pre-Invoke::=touch /pwned"),
    (filters.package, "bash-"),
    (filters.package, "./x.deb"),
    (filters.package, "/x.deb"),
    (filters.package, "git curl"),
    (filters.package, "git;id"),
    (filters.package, "git\n"),
    (filters.package, "Git"),
    (filters.package, "g"),
    (filters.package, "naïve"),
    (filters.package, "git="),
    (filters.package, "git/bullseye"),
    (filters.package, "git*"),
    (filters.package, ""),
    # pip and uv: options, URLs, files, second lines, variables
    (filters.requirement, "--index-url=https://evil.example/"),
    (filters.requirement, "-r /etc/passwd"),
    (filters.requirement, "-e ."),
    (filters.requirement, "x @ http://evil.example/x.tgz"),
    (filters.requirement, "x@file:///etc/passwd"),
    (filters.requirement, "git+https://evil.example/x"),
    (filters.requirement, "https://evil.example/x.whl"),
    (filters.requirement, "./x"),
    (filters.requirement, "six\n--index-url https://evil.example/"),
    (filters.requirement, "six; touch /pwned"),
    (filters.requirement, "six # a comment"),
    (filters.requirement, "six===${AWS_SECRET_ACCESS_KEY}"),
    (filters.requirement, "six===1\\"),
    (filters.requirement, "six --hash=sha256:0"),
    (filters.requirement, "ﬁle"),
    (filters.requirement, ""),
    # images
    (filters.image, "debian:bookworm AS x"),
    (filters.image, "--platform=x debian"),
    (filters.image, "$BASE"),
    (filters.image, "debian\nRUN id"),
    (filters.image, "Debian"),
    (filters.image, ""),
    # URLs
    (filters.url, "https://user:password@example.org/simple"),
    (filters.url, "file:///etc/passwd"),
    (filters.url, "http://example.org/a b"),
    (filters.url, "http://example.org/\nindex-url = x"),
    (filters.url, "http://example.org/?a=b"),
    (filters.url, "http://example.org/#x"),
    (filters.url, "http://example.org/${HOME}"),
    (filters.url, "-o x"),
    (filters.url, ""),
    # words of configuration files
    (filters.word, "no\nPermitRootLogin yes"),
    (filters.word, "a b"),
    (filters.word, "$x"),
    (filters.word, "--option"),
    (filters.word, "*"),
    (filters.word, '"'),
    (filters.word, "#"),
    (filters.word, ""),
]  # fmt: skip


ACCEPTED: list[tuple[Callable[[str], str], str]] = [
    (filters.package, "g++"),
    (filters.package, "libstdc++6"),
    (filters.package, "graphviz=2.42.2-7+deb12u1"),
    (filters.package, "libfoo=1:2.0~rc1-3"),
    (filters.requirement, "pandas==1.4.*"),
    (filters.requirement, "numpy >=1.20, <1.24"),
    (filters.requirement, "uvicorn[standard]~=0.30"),
    (filters.requirement, "tomli>=2; python_version < '3.11'"),
    (filters.requirement, 'colorama; sys_platform == "win32"'),
    (filters.requirement, "torch===2.0.0+cu118"),
    (filters.image, "debian:bookworm-slim"),
    (filters.image, "registry.example:5000/team/base@sha256:" + "0" * 64),
    (filters.image, "sha256:" + "0" * 64),
    (filters.url, "https://index.example:8443/simple/"),
    (filters.url, "http://mirror.example/debian"),
    (filters.word, "sntrup761x25519-sha512@openssh.com,curve25519-sha256"),
    (filters.word, "/a/b:/c"),
]


def is_refused(quote: Callable[[Any], str], value: Any) -> bool:
    try:
        quote(value)
    except UnsafeValueError:
        return True
    return False


def test_unsafe_values_are_refused() -> None:
    for quote, value in REFUSED:
        assert is_refused(quote, value), (quote, value)


def test_common_values_are_unchanged() -> None:
    for quote, value in ACCEPTED:
        assert quote(value) == value, (quote, value)


@given(st.from_regex(filters._PLAIN_REQUIREMENT, fullmatch=True))
def test_a_plain_requirement_is_parsed_as_such(value: str) -> None:
    parsed = Requirement(value)
    assert (parsed.url, parsed.marker, parsed.extras) == (None, None, set())
    assert value.startswith(parsed.name)


def test_a_plain_requirement_is_accepted_without_packaging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert filters.requirement("numpy>=1.20,<1.24") == "numpy>=1.20,<1.24"
    assert filters.requirement("tensorflow-cpu==2.9.0") == "tensorflow-cpu==2.9.0"
    with pytest.raises(ImportError):
        filters.requirement("six~=1.0")


def test_line_breaks_and_hidden_characters_are_refused() -> None:
    for value in LINE_BREAKING:
        for quote in (filters.line, filters.toml, filters.word, filters.package, filters.requirement, filters.url):
            assert is_refused(quote, value), (quote, value)
        assert is_refused(filters.argv, [value]), value
        assert is_refused(filters.settings, {"NAME": value}), value


def test_variable_names_are_checked() -> None:
    for name in ("", "A B", "A=B", "1A", "A\nRUN id", "Ä"):
        assert is_refused(filters.settings, {name: "x"}), name
        assert is_refused(filters.words, {name: "x"}), name


@given(st.lists(PRINTABLE, min_size=1, max_size=4))
def test_a_command_is_read_back_word_for_word(words: list[str]) -> None:
    assert json.loads(filters.argv(words)) == words


@given(PRINTABLE)
def test_docker_reads_a_setting_back_unchanged(value: str) -> None:
    assert read_setting(filters.settings({"NAME": value})) == value


@given(PRINTABLE)
@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_toml_reads_a_string_back_unchanged(value: str) -> None:
    assert tomllib.loads(f"x = {filters.toml(value)}") == {"x": value}


@given(ANY_TEXT)
def test_any_text_is_refused_or_unchanged(value: str) -> None:
    for quote in (filters.line, filters.word, filters.image, filters.package, filters.requirement, filters.url):
        assert is_refused(quote, value) or (quote(value) == value and "\n" not in value)


def test_compose_reads_strings_back_unchanged() -> None:
    for value in (
        *("${AWS_SECRET_ACCESS_KEY}", "pa$word", "x${", "$$", "yes", "22:22", "1.10", "null", "*a", "a: b", "a #b"),
        *("2001-01-01", "~", "- a", "'", '"', "a\nb"),
    ):
        tree = {"environment": {"A": value}, "command": [value], "size": 3, "tty": False}
        assert interpolate(yaml.safe_load(filters.compose(tree))) == tree, value


def test_a_value_of_excessive_length_is_refused() -> None:
    with pytest.raises(UnsafeValueError):
        filters.line("a" * (filters.LINE_LENGTH_MAX + 1))


def read_setting(pair: str) -> str:
    """Parse `NAME="value"` like Docker: a backslash escapes the next character, a bare dollar would expand."""
    body = re.fullmatch(r'NAME="((?:[^\\"$]|\\.)*)"', pair)
    assert body, pair
    return re.sub(r"\\(.)", r"\1", body[1])


def interpolate(value: Any) -> Any:
    """Read like Compose: `$$` is a dollar, and a single one would expand a variable of the host."""
    if isinstance(value, str):
        assert "$" not in value.replace("$$", "")
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: interpolate(item) for key, item in value.items()}
    return [interpolate(item) for item in value] if isinstance(value, list) else value
