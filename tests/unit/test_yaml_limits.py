"""A config of any size and depth is read or refused at a bounded cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from envkit.config import yaml_reader
from envkit.config.yaml_reader import read
from tests.unit.test_yaml_tree import read_problem, read_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def alias_bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_more_than_ten_thousand_values_are_refused() -> None:
    for text in (alias_bomb(30), "[" + "x," * 10_000 + "]"):
        problem = read_problem(text)
        assert problem.code == "config-too-large", text[:40]
        assert "10000 values" in problem.message, text[:40]


def test_deep_nesting_is_refused_without_a_crash() -> None:
    for text in ("[" * 20_000, "- " * 20_000, "{a: " * 20_000, "a: &x " + "[" * 20_000):
        problem = read_problem(text)
        assert (problem.line, problem.code) == (1, "nested-too-deep"), text[:10]
        assert "40 levels" in problem.message, text[:10]


def test_the_python_parser_refuses_deep_nesting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "LOADER", yaml.BaseLoader)
    problem = read_problem("- " * 20_000)
    assert (problem.line, problem.code) == (1, "nested-too-deep")


def test_the_depth_limit_of_a_parser_gives_the_same_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_text: str, **_options: object) -> Iterator[yaml.Event]:
        yield yaml.StreamStartEvent()
        mark = yaml.Mark("f.yaml", 1000, 0, 1000, "", 0)
        raise yaml.scanner.ScannerError("while increasing flow level", mark, "exceeded maximum nesting depth", mark)

    expected = read_problem("[" * 41)
    monkeypatch.setattr(yaml, "parse", parse)
    assert read_problem("[") == expected


def test_forty_levels_are_allowed() -> None:
    assert read("[" * 40 + "]" * 40, "f.yaml")[0].height == 40
    assert read_problem("[" * 41 + "]" * 41).code == "nested-too-deep"


def test_an_alias_adds_the_depth_of_its_anchor() -> None:
    assert read("- &x " + "[" * 30 + "]" * 30 + "\n- " + "[" * 9 + "*x" + "]" * 9, "f.yaml")[0].height == 40
    text = "- &x " + "[" * 30 + "]" * 30 + "\n- " + "[" * 10 + "*x" + "]" * 10
    assert read_problem(text).code == "nested-too-deep"


def test_a_text_of_more_than_256_kib_is_refused() -> None:
    assert read_value("#" * (256 * 1024)) is None
    for text in ("#" * (256 * 1024 + 1), "#" + "ä" * (128 * 1024)):
        problem = read_problem(text)
        assert problem.code == "config-too-large"
        assert "256 KiB" in problem.message
