from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from envkit.config import yaml_reader
from envkit.config.yaml_reader import read
from envkit.errors import ConfigError

LOADERS = sorted({"BaseLoader", "CBaseLoader"} & set(dir(yaml)))


@pytest.fixture(params=LOADERS, autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "LOADER", getattr(yaml, request.param))


def value(text: str) -> Any:
    return read(text, "f.yaml")[0].value


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(text, "f.yaml")
    assert len(error.value.problems) == 1
    return str(error.value)


@pytest.mark.parametrize("text", ['a: "1"', "a: '1'", "a: !!str 1", "a: |-\n  1"])
def test_quoted_and_block_scalars_are_text(text: str) -> None:
    assert value(text) == {"a": "1"}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "\ufeff"])
def test_nothing_is_none(text: str) -> None:
    assert value(text) is None


def test_keys_are_the_words_as_written() -> None:
    assert value("on: 1\n2: 3\n2.10: 4\n'x y': 5") == {"on": 1, "2": 3, "2.10": 4, "x y": 5}


def test_every_key_and_item_knows_its_line() -> None:
    node, _ = read("a: 1\n\nb:\n  - x\n  # between\n  - {c: 1,\n     d: 2.10}\n", "f.yaml")
    assert [node.locate(path)[0] for path in [("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("b", 1, "d")]] == [
        1,
        3,
        4,
        6,
        6,
        7,
    ]


def test_a_missing_key_is_at_the_nearest_key_around_it() -> None:
    node, _ = read("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert node.locate(("b", "d", "e")) == (2, None)
    assert node.locate(("z",)) == (0, None)


def test_scalars_keep_how_they_were_written() -> None:
    node, _ = read("a: 2.10\nb: 0x1F\n", "f.yaml")
    assert [node.children[key].raw for key in "ab"] == ["2.10", "0x1F"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_with_every_kind_of_line_end(newline: str) -> None:
    node, _ = read(newline.join(["a: 1", "", "b: 2"]), "f.yaml")
    assert node.lines == {"a": 1, "b": 3}


def test_an_alias_stands_for_what_it_names() -> None:
    node, _ = read("a: &x [1, 2.10]\nb: *x\n", "f.yaml")
    assert node.value == {"a": [1, 2.1], "b": [1, 2.1]}
    assert node.lines["b"] == 2
    assert node.size == 7


def test_a_key_written_twice_names_both_lines_and_the_rest_is_still_read() -> None:
    node, problems = read("a: 1\nb: {c: 1}\na: 2\nd: {e: 1,\n e: 2}\n", "f.yaml")
    assert node.value == {"a": 1, "b": {"c": 1}, "d": {"e": 1}}
    assert [str(problem) for problem in problems] == [
        "f.yaml:3 a: written twice, in line 1 and in line 3; keep one",
        "f.yaml:5 d.e: written twice, in line 4 and in line 5; keep one",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: !!python/object/apply:os.system [id]",
            "f.yaml:1: the tag !!python/object/apply:os.system is not read here",
        ),
        ("a: !x 1", "the tag !x is not read here"),
        ("a: !!int '1'", "the tag !!int is not read here"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document starts here"),
        ("[a]: 1", "f.yaml:1: a list or mapping cannot be a key"),
        ("? {a: 1}\n: 2", "a list or mapping cannot be a key"),
        ("a: &x [1]\n*x : 2", "f.yaml:2: a list or mapping cannot be a key"),
        ("a: *x", "the alias *x names nothing written before it"),
        ("a: &x [*x]", "the alias *x names nothing written before it"),
        ("a: 1\nb: [", "not valid YAML"),
        ("a: 'x", "not valid YAML"),
        ("a:\n\t- x", "f.yaml:2: not valid YAML"),
        ("%YAML 9.0\n---\na: 1", "not valid YAML"),
        ("a: 1\nb: x\0y", "f.yaml:2: holds the unseen character U+0000"),
        ("a: 1\r\n\r\nb: \x1b[31m", "f.yaml:3: holds the unseen character U+001B"),
        ("a: 1 # \u202e", "holds the unseen character U+202E"),
        ("a: 1\u2028b: 2", "holds the unseen character U+2028"),
        ("a: 1\x85b: 2", "holds the unseen character U+0085"),
        ("a: \ud800", "holds the unseen character U+D800"),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_line(text: str, expected: str) -> None:
    assert expected in refusal(text)


def test_a_message_shows_no_control_characters() -> None:
    assert "\x1b" not in refusal("a: !<\\x1b> 1")


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text("ab:#'\"[]{}&*!|>%@`,?- \n0123.eäö💡"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:# 12", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(yaml_values)
def test_what_a_dumper_quotes_comes_back_the_same(written: Any) -> None:
    assert value(yaml.dump(written, Dumper=QuotingDumper, allow_unicode=True)) == written


class QuotingDumper(yaml.SafeDumper):
    """Quotes every text: unquoted, this dumper follows YAML 1.1, which takes `1e3` and `0o17` for words."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


QuotingDumper.add_representer(str, _quoted)
