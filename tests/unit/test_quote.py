"""Each quoting refuses a value, or lets it arrive as the same bytes where it lands."""

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

BREAKING = ["a\nRUN touch /pwned", "a\r\nb", "a\0b", "a\x1b[31mb", "a\u2028b", "a\u2029b", "a\x85b", "a\u202eb"]
SHOWN = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=60)
ANY = st.text(max_size=60)

REFUSED: list[tuple[Callable[[str], str], str]] = [
    # apt: options, removals, files, shells
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
    # pip and uv: options, addresses, files, second lines, variables
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
    # addresses
    (filters.url, "https://user:password@example.org/simple"),
    (filters.url, "file:///etc/passwd"),
    (filters.url, "http://example.org/a b"),
    (filters.url, "http://example.org/\nindex-url = x"),
    (filters.url, "http://example.org/?a=b"),
    (filters.url, "http://example.org/#x"),
    (filters.url, "http://example.org/${HOME}"),
    (filters.url, "-o x"),
    (filters.url, ""),
    # words of config files
    (filters.word, "no\nPermitRootLogin yes"),
    (filters.word, "a b"),
    (filters.word, "$x"),
    (filters.word, "--option"),
    (filters.word, "*"),
    (filters.word, '"'),
    (filters.word, "#"),
    (filters.word, ""),
]  # fmt: skip


@pytest.mark.parametrize(("quoted", "value"), REFUSED)
def test_a_value_that_would_leave_its_place_is_refused(quoted: Callable[[str], str], value: str) -> None:
    with pytest.raises(UnsafeValueError):
        quoted(value)


@pytest.mark.parametrize(("quoted", "value"), [
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
])  # fmt: skip
def test_what_is_in_use_passes_unchanged(quoted: Callable[[str], str], value: str) -> None:
    assert quoted(value) == value


@given(st.from_regex(filters._PLAIN_REQUIREMENT, fullmatch=True))
def test_what_passes_as_a_plain_requirement_is_read_as_one(value: str) -> None:
    known = Requirement(value)
    assert (known.url, known.marker, known.extras) == (None, None, set())
    assert value.startswith(known.name)


def test_a_plain_requirement_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert filters.requirement("numpy>=1.20,<1.24") == "numpy>=1.20,<1.24"
    assert filters.requirement("tensorflow-cpu==2.9.0") == "tensorflow-cpu==2.9.0"
    with pytest.raises(ImportError):
        filters.requirement("six~=1.0")


@pytest.mark.parametrize(
    "quoted", [filters.line, filters.toml, filters.word, filters.package, filters.requirement, filters.url]
)
def test_no_value_ends_its_line_or_hides(quoted: Callable[[str], str]) -> None:
    for value in BREAKING:
        with pytest.raises(UnsafeValueError):
            quoted(value)


@pytest.mark.parametrize("value", BREAKING)
def test_no_word_of_a_command_and_no_setting_ends_its_line(value: str) -> None:
    with pytest.raises(UnsafeValueError):
        filters.argv([value])
    with pytest.raises(UnsafeValueError):
        filters.settings({"NAME": value})


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "A\nRUN id", "Ä"])
def test_a_setting_has_a_plain_name(name: str) -> None:
    with pytest.raises(UnsafeValueError):
        filters.settings({name: "x"})
    with pytest.raises(UnsafeValueError):
        filters.words({name: "x"})


@given(st.lists(SHOWN, min_size=1, max_size=4))
def test_a_command_arrives_word_for_word(words: list[str]) -> None:
    assert json.loads(filters.argv(words)) == words


@given(SHOWN)
def test_a_setting_arrives_as_docker_reads_it(value: str) -> None:
    assert read_env(filters.settings({"NAME": value})) == value


@given(SHOWN)
@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_a_toml_string_arrives(value: str) -> None:
    assert tomllib.loads(f"x = {filters.toml(value)}") == {"x": value}


@given(ANY)
def test_any_text_is_refused_or_unchanged(value: str) -> None:
    for quoted in (filters.line, filters.word, filters.image, filters.package, filters.requirement, filters.url):
        try:
            assert quoted(value) == value
        except UnsafeValueError:
            continue
        assert "\n" not in value


@pytest.mark.parametrize("value", [
    "${AWS_SECRET_ACCESS_KEY}", "pa$word", "x${", "$$", "yes", "22:22", "1.10", "null", "*a", "a: b", "a #b",
    "2001-01-01", "~", "- a", "'", '"', "a\nb",
])  # fmt: skip
def test_compose_reads_each_text_as_itself(value: str) -> None:
    tree = {"environment": {"A": value}, "command": [value], "size": 3, "tty": False}
    assert undoubled(yaml.safe_load(filters.compose(tree))) == tree


def test_a_value_too_long_for_any_name_is_refused() -> None:
    with pytest.raises(UnsafeValueError):
        filters.line("a" * (filters.LINE_LENGTH_MAX + 1))


def read_env(pair: str) -> str:
    """Read `NAME="value"` as Docker does: a backslash takes the next character, a bare dollar would expand."""
    body = re.fullmatch(r'NAME="((?:[^\\"$]|\\.)*)"', pair)
    assert body, f"{pair!r} is not one quoted value without variables"
    return re.sub(r"\\(.)", r"\1", body[1])


def undoubled(value: Any) -> Any:
    """Read as Compose does: `$$` is a dollar, a single one would be a variable of the host."""
    if isinstance(value, str):
        assert "$" not in value.replace("$$", "")
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: undoubled(one) for key, one in value.items()}
    return [undoubled(one) for one in value] if isinstance(value, list) else value
