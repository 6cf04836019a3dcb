"""A report as text for people: every character shows itself, and no line is too wide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from envkit.model.report import Finding, Report, Verdict
from envkit.report.text import render_text
from envkit.sanitize import escape_controls, single_line
from tests.unit.reports import HOSTILE, REPORT, Where, texts


def test_a_report_reads_as_result_then_findings() -> None:
    assert (
        render_text(REPORT, formatters={"up": texts}, width=60)
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


def test_a_hint_stays_on_one_line_however_narrow_the_terminal() -> None:
    hint = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
    report = Report("probe", "vision", None, (Finding("gpu/engine-cannot", Verdict.FAILED, "none", hint=hint),))
    written = render_text(report, formatters={}, width=40)
    assert hint in written


@pytest.mark.parametrize("width", [-1, 0, 1, 39, 40, 79, 200])
def test_no_other_line_is_wider_than_the_terminal(width: int) -> None:
    long = Finding("gpu/not-listed", Verdict.FAILED, "word " * 60 + "w" * 300, cause="cause " * 60)
    written = render_text(Report("probe", "vision", None, (long,)), formatters={}, width=width)
    assert max(map(len, written.splitlines())) <= max(width, 40)
    assert written.count("w" * 10) > 1


def test_colour_is_there_when_asked_for_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("NO_COLOR", "1")
    bare, coloured = (render_text(REPORT, formatters={"up": texts}, color=color) for color in (False, True))
    assert "\x1b" not in bare
    assert "\x1b[1;31mfailed" in coloured


def test_a_result_without_a_renderer_is_a_mistake_that_shows() -> None:
    with pytest.raises(KeyError):
        render_text(REPORT, formatters={})


def test_a_result_may_be_anything_that_rich_shows() -> None:
    def table(_: object) -> Table:
        made = Table("name", "state", box=None)
        made.add_row("vision", "running")
        return made

    assert "vision  running" in render_text(REPORT, formatters={"up": table})


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_container_printed_shows_as_characters_and_does_nothing(text: str) -> None:
    finding = Finding(text, Verdict.FAILED, text, cause=text, hint=text, layer=text)
    written = render_text(Report("up", text, Where(text, ()), (finding,)), formatters={"up": texts})
    written.encode()
    assert written.count(escape_controls(text)) == 6
    assert all(one.isprintable() or one == "\n" for one in written)


@given(st.text())
def test_plain_text_is_printable_and_stays_so(text: str) -> None:
    shown = escape_controls(text)
    assert all(one.isprintable() or one in "\n\t" for one in shown)
    assert escape_controls(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("naïve → 漢字 🙂", "naïve → 漢字 🙂"), ("a\tb\nc", "a\tb\nc"), ("\x1b", "\\x1b"), ("\u200b", "\\u200b")],
)
def test_only_what_hides_is_written_out(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


def test_a_line_is_one_line_and_no_longer_than_asked() -> None:
    assert single_line("a\n b\t\tc ") == "a b c"
    assert single_line("x" * 400, 10) == "x" * 9 + "…"
    assert len(single_line("x" * 300)) == 300
