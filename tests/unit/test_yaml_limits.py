"""A config of any size and depth ends in a config or in one refusal, at a cost that is known before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from envkit.config import yaml_reader
from envkit.config.yaml_reader import read
from tests.unit.test_yaml_tree import refusal, value

if TYPE_CHECKING:
    from collections.abc import Iterator


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_of_aliases_stop_at_ten_thousand_values() -> None:
    assert "stands for more than 10000 values" in refusal(bomb(30))


def test_many_values_stop_at_ten_thousand() -> None:
    assert "stands for more than 10000 values" in refusal("[" + "x," * 10_000 + "]")


@pytest.mark.parametrize("text", ["[" * 20_000, "- " * 20_000, "{a: " * 20_000, "a: &x " + "[" * 20_000])
def test_deep_nesting_is_refused_and_does_not_end_the_process(text: str) -> None:
    assert "f.yaml:1: nested deeper than 40 levels" in refusal(text)


def test_deep_nesting_does_not_end_the_process_where_yaml_is_read_by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "LOADER", yaml.BaseLoader)
    assert "f.yaml:1: nested deeper than 40 levels" in refusal("- " * 20_000)


def test_a_parser_that_stops_at_a_depth_of_its_own_is_told_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_text: str, **_options: object) -> Iterator[yaml.Event]:
        yield yaml.StreamStartEvent()
        mark = yaml.Mark("f.yaml", 1000, 0, 1000, "", 0)
        raise yaml.scanner.ScannerError("while increasing flow level", mark, "exceeded maximum nesting depth", mark)

    monkeypatch.setattr(yaml, "parse", stopped)
    assert "f.yaml:1: nested deeper than 40 levels" in refusal("[")


def test_forty_levels_are_read() -> None:
    assert read("[" * 40 + "]" * 40, "f.yaml")[0].height == 40
    assert "nested deeper" in refusal("[" * 41 + "]" * 41)


def test_an_alias_adds_the_depth_of_what_it_names() -> None:
    assert read("- &x " + "[" * 30 + "]" * 30 + "\n- " + "[" * 9 + "*x" + "]" * 9, "f.yaml")[0].height == 40
    assert "nested deeper" in refusal("- &x " + "[" * 30 + "]" * 30 + "\n- " + "[" * 10 + "*x" + "]" * 10)


def test_a_text_of_more_than_256_kib_is_refused() -> None:
    assert value("#" * (256 * 1024)) is None
    assert "larger than 256 KiB" in refusal("#" * (256 * 1024 + 1))
    assert "larger than 256 KiB" in refusal("#" + "ä" * (128 * 1024))
