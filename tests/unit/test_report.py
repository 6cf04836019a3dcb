"""One report, two forms: text for people, a pinned envelope for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from envkit import __version__
from envkit.checks.gpus import Gpu
from envkit.commands.probe import Probed
from envkit.errors import Exit
from envkit.model.artifact import Artifact
from envkit.model.report import Finding, Report, Verdict
from envkit.plain import line, plain
from envkit.report.html import to_html
from envkit.report.json import as_json, to_json
from envkit.report.junit import to_junit
from envkit.report.text import render_text

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Where:
    url: str
    ports: tuple[int, ...]


FAILED = Finding(
    "gpu/driver-missing", Verdict.FAILED, "no NVIDIA driver on this host",
    cause="the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
    mend="sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0", where="host",
)
PASSED = Finding(
    "tensorflow/computes", Verdict.PASSED, "TensorFlow 2.9.0 computes on CPU", where="tensorflow", seconds=0.5,
)
AT = datetime(2026, 11, 23, 10, 5, 7, tzinfo=timezone(timedelta(hours=1)))
REPORT = Report("up", "vision", Where("http://127.0.0.1:8888/lab", (8888,)), (PASSED, FAILED), Exit.GPU)


def texts(result: Where) -> str:
    return f"go to {result.url}"


# ── JUnit ──


@pytest.mark.proves("findings are written as JUnit's XML", "real")
def test_a_report_is_a_junit_suite_with_a_case_for_each_finding() -> None:
    skipped = Finding("gpu/device-missing", Verdict.SKIPPED, "no NVIDIA GPU in this machine", where="host")
    odd = Finding("gpu/not-listed", Verdict.UNKNOWN, "\x1b[31mred\x00 & <b>", where="tensorflow")
    reports = [replace(REPORT, findings=(*REPORT.findings, skipped, odd))]
    root = ElementTree.fromstring(to_junit(reports, at=AT))  # noqa: S314
    (suite,) = root
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "envkit up vision", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "0.500",
    }
    assert [(case.get("classname"), case.get("name"), [one.tag for one in case]) for case in suite] == [
        ("up.tensorflow", "tensorflow/computes", ["system-out"]), ("up.gpu", "gpu/driver-missing", ["failure"]),
        ("up.gpu", "gpu/device-missing", ["skipped"]), ("up.gpu", "gpu/not-listed", ["error"]),
    ]
    told = suite[1][0]
    assert told.get("message") == FAILED.seen
    assert told.text == f"{FAILED.seen}\ncause: {FAILED.cause}\nmend: {FAILED.mend}"
    assert suite[3][0].get("message") == r"\x1b[31mred\x00 & <b>"


def test_a_suite_says_when_it_was_made() -> None:
    (suite,) = ElementTree.fromstring(to_junit([REPORT], at=AT))  # noqa: S314
    assert suite.get("timestamp") == "2026-11-23T10:05:07+01:00"


def test_what_passed_has_no_cause_and_no_mend_in_junit() -> None:
    usual = replace(PASSED, cause="something was installed later", mend="build the image anew")
    (suite,) = ElementTree.fromstring(to_junit([replace(REPORT, findings=(usual,))], at=AT))  # noqa: S314
    assert suite[0][0].text == PASSED.seen


# ── HTML ──


class Page(HTMLParser):
    """What a browser would make of a page: its text, its elements, and whatever it would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.fetches = "", list[str](), list[tuple[str, str]]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetches += [(name, value or "") for name, value in attrs if name in {"src", "href", "onload", "onclick"}]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.proves("a report is a page that needs no network", "real")
def test_a_report_is_one_page_that_fetches_and_runs_nothing() -> None:
    hostile = Finding(
        "gpu/not-listed", Verdict.FAILED, "<script>alert(1)</script>\x1b[31m",
        cause='"><img src=x onerror=y>', mend="a & b",
    )
    trained = Finding(
        "keras/training", Verdict.PASSED, "fell", seconds=2.0, data={"losses": [0.7, float("nan"), 0.4, "x", 0.1]},
    )
    page = Page(to_html([replace(REPORT, findings=(*REPORT.findings, hostile, trained))], at=AT))
    assert "script" not in page.tags
    assert page.fetches == []
    assert page.tags.count("svg") == 2
    for words in ("2 passed, 2 failed", FAILED.mend, hostile.cause, "0.100 after 3 epochs", "2.00 s", r"\x1b[31m"):
        assert words in page.words


def test_a_page_shows_the_gpus_of_a_probe() -> None:
    gpu = Gpu(0, "NVIDIA T4", "GPU-00000001", 16384, 1024, 2, "535.54.03", "7.5")
    words = Page(to_html([Report("probe", "vision", Probed("vision", "2.9.0", (gpu,)))], at=AT)).words
    assert all(one in words for one in ("NVIDIA T4 GPU-00000001", "1024 of 16384 MiB", "535.54.03", "7.5"))


def test_a_page_says_when_it_was_made() -> None:
    assert "on 2026-11-23 at 10:05 +01:00" in Page(to_html([REPORT], at=AT)).words


@pytest.mark.parametrize(("subject", "heads"), [("vision", 1), ("", 0)])
def test_a_report_about_nothing_by_name_has_no_heading_of_its_own(subject: str, heads: int) -> None:
    assert Page(to_html([replace(REPORT, subject=subject)], at=AT)).tags.count("h2") == heads


# ── text ──


def test_a_report_reads_as_result_then_findings() -> None:
    assert render_text(REPORT, results={"up": texts}, width=60) == """\
go to http://127.0.0.1:8888/lab
passed   tensorflow/computes
         TensorFlow 2.9.0 computes on CPU
failed   gpu/driver-missing (host)
         no NVIDIA driver on this host
         cause  the machine has no NVIDIA GPU, or its driver
                is not installed or not loaded
         mend   sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0
"""


def test_a_mend_stays_on_one_line_however_narrow_the_terminal() -> None:
    mend = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
    report = Report("probe", "vision", None, (Finding("gpu/engine-cannot", Verdict.FAILED, "none", mend=mend),))
    written = render_text(report, results={}, width=40)
    assert mend in written


@pytest.mark.parametrize("width", [-1, 0, 1, 39, 40, 79, 200])
def test_no_other_line_is_wider_than_the_terminal(width: int) -> None:
    long = Finding("gpu/not-listed", Verdict.FAILED, "word " * 60 + "w" * 300, cause="cause " * 60)
    written = render_text(Report("probe", "vision", None, (long,)), results={}, width=width)
    assert max(map(len, written.splitlines())) <= max(width, 40)
    assert written.count("w" * 10) > 1


def test_colour_is_there_when_asked_for_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("NO_COLOR", "1")
    bare, coloured = (render_text(REPORT, results={"up": texts}, color=color) for color in (False, True))
    assert "\x1b" not in bare
    assert "\x1b[1;31mfailed" in coloured


def test_a_result_without_a_renderer_is_a_mistake_that_shows() -> None:
    with pytest.raises(KeyError):
        render_text(REPORT, results={})


def test_a_result_may_be_anything_that_rich_shows() -> None:
    def table(_: object) -> Table:
        made = Table("name", "state", box=None)
        made.add_row("vision", "running")
        return made

    assert "vision  running" in render_text(REPORT, results={"up": table})


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "a\rb", "\u202egnp.exe", "\ud800", "[bold red]markup[/]", ":boom:", "\x00",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_container_printed_shows_as_characters_and_does_nothing(text: str) -> None:
    finding = Finding(text, Verdict.FAILED, text, cause=text, mend=text, where=text)
    written = render_text(Report("up", text, Where(text, ()), (finding,)), results={"up": texts})
    written.encode()
    assert written.count(plain(text)) == 6
    assert all(one.isprintable() or one == "\n" for one in written)


@given(st.text())
def test_plain_text_is_printable_and_stays_so(text: str) -> None:
    shown = plain(text)
    assert all(one.isprintable() or one in "\n\t" for one in shown)
    assert plain(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("naïve → 漢字 🙂", "naïve → 漢字 🙂"), ("a\tb\nc", "a\tb\nc"), ("\x1b", "\\x1b"), ("\u200b", "\\u200b")],
)
def test_only_what_hides_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_line_is_one_line_and_no_longer_than_asked() -> None:
    assert line("a\n b\t\tc ") == "a b c"
    assert line("x" * 400, 10) == "x" * 9 + "…"
    assert len(line("x" * 300)) == 300


# ── JSON ──


@pytest.mark.proves("reports are JSON where that is asked for", "real")
def test_the_envelope_is_what_programs_rely_on() -> None:
    assert json.loads(to_json(REPORT)) == {
        "envkit": __version__,
        "format": 1,
        "command": "up",
        "subject": "vision",
        "result": {"url": "http://127.0.0.1:8888/lab", "ports": [8888]},
        "findings": [
            {
                "check": "tensorflow/computes", "status": "passed", "seen": "TensorFlow 2.9.0 computes on CPU",
                "cause": "", "mend": "", "where": "tensorflow", "seconds": 0.5, "data": {},
            },
            {
                "check": "gpu/driver-missing", "status": "failed", "seen": "no NVIDIA driver on this host",
                "cause": "the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
                "mend": "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0",
                "where": "host", "seconds": 0.0, "data": {},
            },
        ],
        "exit_code": 5,
        "error": None,
    }


def test_the_envelope_keeps_its_order() -> None:
    keys = list(json.loads(to_json(REPORT)))
    assert keys == ["envkit", "format", "command", "subject", "result", "findings", "exit_code", "error"]


ENVELOPE = {
    "type": "object",
    "required": ["envkit", "format", "command", "subject", "result", "findings", "exit_code", "error"],
    "additionalProperties": False,
    "properties": {
        "envkit": {"type": "string"}, "format": {"const": 1}, "command": {"type": "string"},
        "subject": {"type": "string"}, "result": {}, "exit_code": {"type": "integer"},
        "error": {"type": ["object", "null"]},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["check", "status", "seen", "cause", "mend", "where", "seconds", "data"],
                "properties": {"status": {"enum": ["passed", "failed", "warned", "skipped", "unknown"]}},
            },
        },
    },
}


@pytest.mark.parametrize("result", [None, "text", {"a": 1}, [1, 2], Where("x", ())])
def test_the_envelope_is_the_same_around_every_result(result: Any) -> None:
    jsonschema.validate(json.loads(to_json(Report("any", "", result, (PASSED,)))), ENVELOPE)


def test_the_same_report_is_the_same_text() -> None:
    one, other = (dict.fromkeys(keys, 1) for keys in ("abc", "cba"))
    assert to_json(Report("up", "v", one)) == to_json(Report("up", "v", other))
    assert to_json(Report("up", "v", frozenset("abc"))) == to_json(Report("up", "v", frozenset("bca")))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Verdict.FAILED, "failed"),
        (Exit.GPU, 5),
        (True, True),
        (Path("/a/b"), "/a/b"),
        (float("inf"), None),
        (float("nan"), None),
        (MappingProxyType({2: "b", 1: "a"}), {"1": "a", "2": "b"}),
        ({"b", "a"}, ["a", "b"]),
        (((1,), [2]), [[1], [2]]),
    ],
)
def test_values_have_one_form(value: Any, written: Any) -> None:
    assert as_json(value) == written


@pytest.mark.parametrize("value", [b"bytes", object(), Where, len])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="has no form in JSON"):
        as_json({"deep": [value]})


def test_the_text_of_a_rendered_file_stays_out() -> None:
    secret = Artifact("token", "c2VjcmV0", 0o600)
    written = to_json(Report("render", "vision", {"files": (secret,)}))
    assert "c2VjcmV0" not in written
    assert json.loads(written)["result"] == {"files": [{"path": "token", "mode": "0600"}]}


@pytest.mark.parametrize("form", [to_json, lambda report: render_text(report, results={"up": str})])
def test_a_hostile_text_leaves_no_control_character_in_any_form(form: Callable[[Report[Any]], str]) -> None:
    written = form(Report("up", "x", {"log": "".join(HOSTILE)}))
    written.encode()
    assert not set(written) & {"\x1b", "\x9b", "\x07", "\r", "\u202e", "\x00"}
