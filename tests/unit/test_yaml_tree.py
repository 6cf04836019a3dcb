"""YAML is read into values with their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from envkit.config import yaml_reader
from envkit.config.yaml_reader import read
from envkit.errors import ConfigError
from tests.support.config_samples import to_yaml

if TYPE_CHECKING:
    from envkit.problem import Problem

LOADERS = sorted({"BaseLoader", "CBaseLoader"} & set(dir(yaml)))


@pytest.fixture(params=LOADERS, autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "LOADER", getattr(yaml, request.param))


def read_value(text: str) -> Any:
    return read(text, "f.yaml")[0].value


def read_problem(text: str) -> Problem:
    """Read a text that cannot be parsed, and return its problem."""
    try:
        read(text, "f.yaml")
    except ConfigError as error:
        (problem,) = error.problems
        return problem
    return pytest.fail(f"{text[:40]!r} is accepted")


def test_quoted_and_block_scalars_are_strings() -> None:
    for text in ('a: "1"', "a: '1'", "a: !!str 1", "a: |-\n  1"):
        assert read_value(text) == {"a": "1"}, text


def test_an_empty_document_is_none() -> None:
    for text in ("", "\n\n", "# nothing\n", "---\n", "\ufeff"):
        assert read_value(text) is None, text


def test_keys_are_strings_as_written() -> None:
    assert read_value("on: 1\n2: 3\n2.10: 4\n'x y': 5") == {"on": 1, "2": 3, "2.10": 4, "x y": 5}


def test_every_key_and_item_has_its_line() -> None:
    node, _ = read("a: 1\n\nb:\n  - x\n  # between\n  - {c: 1,\n     d: 2.10}\n", "f.yaml")
    paths = [("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("b", 1, "d")]
    assert [node.locate(path)[0] for path in paths] == [1, 3, 4, 6, 6, 7]


def test_a_missing_key_has_the_line_of_its_nearest_parent() -> None:
    node, _ = read("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert node.locate(("b", "d", "e")) == (2, None)
    assert node.locate(("z",)) == (0, None)


def test_scalars_keep_their_written_form() -> None:
    node, _ = read("a: 2.10\nb: 0x1F\n", "f.yaml")
    assert [node.children[key].raw for key in "ab"] == ["2.10", "0x1F"]


def test_all_line_endings_count_as_lines() -> None:
    for newline in ("\n", "\r\n", "\r"):
        node, _ = read(newline.join(["a: 1", "", "b: 2"]), "f.yaml")
        assert node.lines == {"a": 1, "b": 3}, newline


def test_an_alias_has_the_value_of_its_anchor() -> None:
    node, _ = read("a: &x [1, 2.10]\nb: *x\n", "f.yaml")
    assert node.value == {"a": [1, 2.1], "b": [1, 2.1]}
    assert node.lines["b"] == 2
    assert node.size == 7


def test_a_duplicate_key_is_a_problem_and_the_rest_is_read() -> None:
    node, problems = read("a: 1\nb: {c: 1}\na: 2\nd: {e: 1,\n e: 2}\n", "f.yaml")
    assert node.value == {"a": 1, "b": {"c": 1}, "d": {"e": 1}}
    assert [(problem.line, problem.key, problem.code) for problem in problems] == [
        (3, "a", "duplicate-key"),
        (5, "d.e", "duplicate-key"),
    ]
    assert ["in lines 1 and 3" in problems[0].message, "in lines 4 and 5" in problems[1].message] == [True, True]


def test_unreadable_text_is_one_problem_with_its_line() -> None:
    for text, line, code, fragment in (
        ("a: !!python/object/apply:os.system [id]", 1, "unsupported-yaml", "!!python/object/apply:os.system"),
        ("a: !x 1", 1, "unsupported-yaml", "!x"),
        ("a: !!int '1'", 1, "unsupported-yaml", "!!int"),
        ("a: 1\n---\nb: 2\n", 2, "unsupported-yaml", "second YAML document"),
        ("[a]: 1", 1, "unsupported-yaml", "cannot be a key"),
        ("? {a: 1}\n: 2", 1, "unsupported-yaml", "cannot be a key"),
        ("a: &x [1]\n*x : 2", 2, "unsupported-yaml", "cannot be a key"),
        ("a: *x", 1, "invalid-yaml", "*x"),
        ("a: &x [*x]", 1, "invalid-yaml", "*x"),
        ("a: 1\nb: [", None, "invalid-yaml", ""),
        ("a: 'x", None, "invalid-yaml", ""),
        ("a:\n\t- x", 2, "invalid-yaml", ""),
        ("%YAML 9.0\n---\na: 1", None, "invalid-yaml", ""),
        ("a: 1\nb: x\0y", 2, "hidden-character", "U+0000"),
        ("a: 1\r\n\r\nb: \x1b[31m", 3, "hidden-character", "U+001B"),
        ("a: 1 # \u202e", 1, "hidden-character", "U+202E"),
        ("a: 1\u2028b: 2", 1, "hidden-character", "U+2028"),
        ("a: 1\x85b: 2", 1, "hidden-character", "U+0085"),
        ("a: \ud800", 1, "hidden-character", "U+D800"),
    ):
        problem = read_problem(text)
        assert problem.code == code, text
        assert fragment in problem.message, text
        assert line in (problem.line, None), text  # the line of syntax errors depends on the parser


def test_messages_show_no_control_characters() -> None:
    assert "\x1b" not in str(read_problem("a: !<\\x1b> 1"))


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text("ab:#'\"[]{}&*!|>%@`,?- \n0123.eäö💡"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:# 12", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(yaml_values)
def test_dumped_values_round_trip(written: Any) -> None:
    assert read_value(to_yaml(written)) == written
