"""A report as JSON: a pinned envelope for programs."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from envkit import __version__
from envkit.errors import ExitCode
from envkit.model.artifact import Artifact
from envkit.model.report import Report, Verdict
from envkit.report.json import as_json, to_json
from envkit.report.text import render_text
from tests.unit.reports import HOSTILE, PASSED, REPORT, Where

if TYPE_CHECKING:
    from collections.abc import Callable


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
                "check": "tensorflow/computes",
                "status": "passed",
                "detail": "TensorFlow 2.9.0 computes on CPU",
                "cause": "",
                "hint": "",
                "layer": "tensorflow",
                "seconds": 0.5,
                "data": {},
            },
            {
                "check": "gpu/driver-missing",
                "status": "failed",
                "detail": "no NVIDIA driver on this host",
                "cause": "the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
                "hint": "sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0",
                "layer": "host",
                "seconds": 0.0,
                "data": {},
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
        "envkit": {"type": "string"},
        "format": {"const": 1},
        "command": {"type": "string"},
        "subject": {"type": "string"},
        "result": {},
        "exit_code": {"type": "integer"},
        "error": {"type": ["object", "null"]},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["check", "status", "detail", "cause", "hint", "layer", "seconds", "data"],
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
        (ExitCode.GPU, 5),
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


@pytest.mark.parametrize("form", [to_json, lambda report: render_text(report, formatters={"up": str})])
def test_a_hostile_text_leaves_no_control_character_in_any_form(form: Callable[[Report[Any]], str]) -> None:
    written = form(Report("up", "x", {"log": "".join(HOSTILE)}))
    written.encode()
    assert not set(written) & {"\x1b", "\x9b", "\x07", "\r", "\u202e", "\x00"}
