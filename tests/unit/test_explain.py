"""The command `explain`: files, stdin, saved reports, exit codes."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from envkit.checks.check import make_finding
from envkit.commands import explain as command
from envkit.errors import EnvkitError, ExitCode
from envkit.model.report import Failure, Report
from envkit.report.json import to_json

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.checks.log.explanation import Fault
    from envkit.model.report import Finding


def explain_report(tmp_path: Path, *findings: Finding, error: Failure | None = None) -> Fault:
    path = tmp_path / "report.json"
    path.write_text(to_json(Report("probe", "vision", None, findings, error=error)))
    reason = command.explain(str(path)).result.reason
    assert reason
    return reason


def test_a_recognized_text_exits_with_0_and_another_with_1(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    for text, code in (("OSError: No space left on device", ExitCode.OK), ("epoch 1", ExitCode.CHECK_FAILED)):
        path.write_text(text)
        report = command.explain(str(path))
        assert report.exit_code is code
        assert report.result.recognized is (code is ExitCode.OK)


def test_a_text_may_come_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"x\n[Errno 28] No space left on device")))
    reason = command.explain("-").result.reason
    assert reason
    assert reason.lines[0].number == 2


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(EnvkitError) as caught:
            command.explain(str(path))
        assert caught.value.code == "path-not-found"


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data, note in ((b"\x7fELF\x00", "binary"), (b"\x1f\x8b\x08", "zcat"), (b" \n", "empty")):
        path.write_bytes(data)
        result = command.explain(str(path)).result
        assert not result.recognized
        assert note in result.note


def test_a_saved_report_is_judged_by_current_rules(tmp_path: Path) -> None:
    old = make_finding("gpu/driver-unknown", "cuInit answers 803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH")
    assert explain_report(tmp_path, old).fault == "gpu/driver-mismatch"


def test_a_saved_finding_without_a_rule_keeps_its_check(tmp_path: Path) -> None:
    reason = explain_report(tmp_path, make_finding("gpu/mig-empty", "there is no instance"))
    assert (reason.fault, reason.layer) == ("gpu/mig-empty", "host")
    assert "nvidia-smi mig" in reason.hint


def test_the_first_failed_layer_of_a_report_wins(tmp_path: Path) -> None:
    ids = ("host/programs", "gpu/cpu-build", "host/disk")
    findings = tuple(make_finding(check_id, "it failed") for check_id in ids)
    assert explain_report(tmp_path, *findings).fault == "host/disk"


def test_the_error_of_a_report_is_explained_by_its_code(tmp_path: Path) -> None:
    failure = Failure("no such environment", "environment-not-found", hint="envkit up")
    reason = explain_report(tmp_path, error=failure)
    assert (reason.fault, reason.hint) == ("environment-not-found", "envkit up")


def test_a_report_without_faults_is_not_recognized(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(to_json(Report("probe", "vision", None, (make_finding("gpu/usable", "computes"),))))
    assert command.explain(str(path)).exit_code is ExitCode.CHECK_FAILED


def test_damaged_reports_are_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    texts = (
        '{"command": "probe", "findings": [{"detail": "No space left on device"',
        "{" * 100_000 + "No space left on device",
        json.dumps({"log": "No space left on device\n", "stream": "stderr"}),
    )
    for text in texts:
        path.write_text(text)
        assert command.explain(str(path)).result.recognized


def test_hostile_findings_of_a_report_do_not_raise(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for finding in ({}, {"status": "failed"}, {"status": "failed", "check": 7, "layer": "x\x1b", "detail": None}, 3):
        path.write_text(json.dumps({"command": "probe", "findings": [finding], "error": []}))
        command.explain(str(path))
