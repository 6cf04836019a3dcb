"""Report as JSON in a fixed envelope."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest

from envkit import __version__
from envkit.errors import ExitCode
from envkit.model.artifact import Artifact
from envkit.model.report import Report, Verdict
from envkit.report.json import as_json, to_json
from envkit.report.text import render_text
from tests.support.report_samples import HOSTILE, PASSED, REPORT, Address


@pytest.mark.proves("reports are JSON on request", "real")
def test_envelope_holds_result_findings_and_exit_code() -> None:
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


def test_envelope_keeps_its_key_order() -> None:
    keys = list(json.loads(to_json(REPORT)))
    assert keys == ["envkit", "format", "command", "subject", "result", "findings", "exit_code", "error"]


ENVELOPE_SCHEMA = {
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


def test_envelope_is_the_same_for_every_result_type() -> None:
    for result in (None, "text", {"a": 1}, [1, 2], Address("x", ())):
        jsonschema.validate(json.loads(to_json(Report("any", "", result, (PASSED,)))), ENVELOPE_SCHEMA)


def test_equal_reports_give_equal_text() -> None:
    sorted_keys, reversed_keys = (dict.fromkeys(keys, 1) for keys in ("abc", "cba"))
    assert to_json(Report("up", "v", sorted_keys)) == to_json(Report("up", "v", reversed_keys))
    assert to_json(Report("up", "v", frozenset("abc"))) == to_json(Report("up", "v", frozenset("bca")))


def test_values_become_json_types() -> None:
    cases: tuple[tuple[Any, Any], ...] = (
        (Verdict.FAILED, "failed"),
        (ExitCode.GPU, 5),
        (True, True),
        (Path("/a/b"), "/a/b"),
        (float("inf"), None),
        (float("nan"), None),
        (MappingProxyType({2: "b", 1: "a"}), {"1": "a", "2": "b"}),
        ({"b", "a"}, ["a", "b"]),
        (((1,), [2]), [[1], [2]]),
    )
    for value, expected in cases:
        assert as_json(value) == expected, value


def test_values_without_a_json_type_are_rejected() -> None:
    for value in (b"bytes", object(), Address, len):
        with pytest.raises(TypeError, match=f"a {type(value).__name__}$"):
            as_json({"deep": [value]})


def test_json_omits_the_content_of_rendered_files() -> None:
    secret = Artifact("token", "c2VjcmV0", 0o600)
    document = to_json(Report("render", "vision", {"files": (secret,)}))
    assert "c2VjcmV0" not in document
    assert json.loads(document)["result"] == {"files": [{"path": "token", "mode": "0600"}]}


def test_json_and_text_contain_no_control_characters() -> None:
    report = Report("up", "x", {"log": "".join(HOSTILE)})
    for document in (to_json(report), render_text(report, formatters={"up": str})):
        document.encode()
        assert not set(document) & {"\x1b", "\x9b", "\x07", "\r", "\u202e", "\x00"}
