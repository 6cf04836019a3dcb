"""Report as text: control characters are escaped, and lines fit the width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from envkit.model.report import Finding, Report, Verdict
from envkit.report.text import render_text
from envkit.sanitize import escape_controls, single_line
from tests.support.report_samples import HOSTILE, REPORT, Address, format_address


def test_text_shows_the_result_then_the_findings() -> None:
    assert (
        render_text(REPORT, formatters={"up": format_address}, width=60)
        == """\
go to http://127.0.0.1:8888/lab
passed   tensorflow/computes
         TensorFlow 2.9.0 computes on CPU
failed   gpu/driver-missing (host)
         no NVIDIA driver on this host
         cause  the machine has no NVIDIA GPU, or its driver
                is not installed or not loaded
         hint   sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0
"""
    )


def test_hint_is_never_wrapped() -> None:
    hint = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
    report = Report("probe", "vision", None, (Finding("gpu/engine-cannot", Verdict.FAILED, "none", hint=hint),))
    assert hint in render_text(report, formatters={}, width=40)


def test_other_lines_fit_the_width() -> None:
    finding = Finding("gpu/not-listed", Verdict.FAILED, "word " * 60 + "w" * 300, cause="cause " * 60)
    for width in (-1, 0, 1, 39, 40, 79, 200):
        text = render_text(Report("probe", "vision", None, (finding,)), formatters={}, width=width)
        assert max(map(len, text.splitlines())) <= max(width, 40), width
        assert text.count("w" * 10) > 1, width


def test_color_depends_only_on_the_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("NO_COLOR", "1")
    plain, colored = (render_text(REPORT, formatters={"up": format_address}, color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31mfailed" in colored


def test_result_without_a_formatter_raises_key_error() -> None:
    with pytest.raises(KeyError):
        render_text(REPORT, formatters={})


def test_result_may_be_a_rich_object() -> None:
    def build_table(_: object) -> Table:
        table = Table("name", "state", box=None)
        table.add_row("vision", "running")
        return table

    assert "vision  running" in render_text(REPORT, formatters={"up": build_table})


def test_hostile_text_is_escaped_in_every_field() -> None:
    for value in HOSTILE:
        finding = Finding(value, Verdict.FAILED, value, cause=value, hint=value, layer=value)
        report = Report("up", value, Address(value, ()), (finding,))
        text = render_text(report, formatters={"up": format_address})
        text.encode()
        assert text.count(escape_controls(value)) == 6, value
        assert all(character.isprintable() or character == "\n" for character in text), value


@given(st.text())
def test_escaped_text_is_printable_and_stable(text: str) -> None:
    escaped = escape_controls(text)
    assert all(character.isprintable() or character in "\n\t" for character in escaped)
    assert escape_controls(escaped) == escaped
    escaped.encode()


def test_only_invisible_characters_are_escaped() -> None:
    for text, escaped in (
        ("naïve → 漢字 🙂", "naïve → 漢字 🙂"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b", "\\x1b"),
        ("\u200b", "\\u200b"),
    ):
        assert escape_controls(text) == escaped


def test_single_line_joins_and_cuts_text() -> None:
    assert single_line("a\n b\t\tc ") == "a b c"
    assert single_line("x" * 400, 10) == "x" * 9 + "…"
    assert len(single_line("x" * 300)) == 300
