"""Errors become one message, a hint and the exit code of the README."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from envkit import __version__, errors
from envkit.cli import error_handler, main
from envkit.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

TERMINATED = errors.TerminatedBySignal(errors.ExitCode.TERMINATED)
RESUME = f"envkit: {error_handler.INTERRUPTED_RESUME}\n"
REPEAT = f"envkit: {error_handler.INTERRUPTED_REPEAT}\n"
UNCHANGED = f"envkit: {error_handler.INTERRUPTED_UNCHANGED}\n"
NO_SPACE = OSError(errno.ENOSPC, "No space left on device", "/state")


def run(arguments: list[str]) -> int | str | None:
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as process_exit:
        main.main(arguments)
    return process_exit.value.code


@pytest.mark.proves("each kind of error has its exit code", "real")
def test_each_kind_of_error_has_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for error, exit_code in (
        (errors.ConfigError([Problem("envkit.yaml", 3, "ssh.port", "no")]), 2),
        (errors.PreconditionError("not allowed", code="approval-required", hint="do that"), 2),
        (errors.EngineUnavailable("no engine", code="engine-unavailable", hint="start it"), 3),
        (errors.BuildFailed("a step failed", code="build-failed"), 3),
        (errors.Unhealthy("no answer", code="container-exited"), 3),
        (errors.GpuUnusable("no driver", code="gpu-unusable"), 5),
        (errors.ExecError("not running", code="environment-not-running"), 125),
        (KeyboardInterrupt(), 130),
        (NO_SPACE, 2),
    ):
        assert error_handler.report(error) == exit_code, error
        output = capsys.readouterr()
        assert output.out == "", error
        assert "Traceback" not in output.err, error
        assert getattr(error, "hint", "") in output.err, error


def test_message_is_followed_by_detail_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error_handler.report(errors.EngineError("no answer", code="engine-unavailable", detail="/run/x", hint="start it"))
    assert capsys.readouterr().err == "envkit: no answer\n  detail: /run/x\n  hint: start it\n"


def test_errors_of_python_and_typer_have_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for error, code in (
        (NO_SPACE, "local-disk-full"),
        (PermissionError(errno.EACCES, "Permission denied", "/state"), "os-error"),
        (typer.BadParameter("not a number"), "usage-error"),
        (ZeroDivisionError(), "internal-error"),
    ):
        exit_code = error_handler.report(error, ["up", "--format=json"])
        report = json.loads(capsys.readouterr().out)
        assert (report["error"]["code"], report["exit_code"]) == (code, exit_code), error


def test_interruptions_reach_the_error_handler_through_typer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for handler, error, exit_code, message in (
        ("lifecycle.up", KeyboardInterrupt(), 130, RESUME),
        ("lifecycle.down", TERMINATED, 143, RESUME),
        ("lifecycle.prune", KeyboardInterrupt(), 130, REPEAT),
        ("diagnostics.audit", KeyboardInterrupt(), 130, REPEAT),
        ("diagnostics.probe", KeyboardInterrupt(), 130, ""),
        ("project.render", KeyboardInterrupt(), 130, REPEAT),
        ("exec.logs", KeyboardInterrupt(), 130, ""),
        ("exec.logs", TERMINATED, 143, ""),
    ):

        def run_verb(error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr(f"envkit.cli.verbs.{handler}", run_verb)
        assert run([handler.partition(".")[2]]) == exit_code, handler
        assert capfd.readouterr().err == message, handler


def test_closed_stdout_is_not_an_error(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def schema() -> int:
        raise BrokenPipeError

    monkeypatch.setattr("envkit.cli.verbs.project.schema", schema)
    assert run(["schema"]) == 0
    assert capfd.readouterr().err == ""


def test_up_interrupted_at_the_prompt_changed_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def up() -> int:
        return int(typer.confirm("Approve?", err=True))

    monkeypatch.setattr("envkit.cli.verbs.lifecycle.up", up)
    for error, exit_code in ((KeyboardInterrupt(), 130), (TERMINATED, 143)):

        def prompt(_: str, error: BaseException = error) -> str:
            raise error

        monkeypatch.setattr(sys.modules[typer.confirm.__module__], "visible_prompt_func", prompt)
        assert run(["up", "--engine", "unix:///x"]) == exit_code
        assert capfd.readouterr().err.endswith(UNCHANGED), exit_code


def test_interrupted_dry_run_has_nothing_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_handler.report(KeyboardInterrupt(), ["up", "--dry-run"]) == 130
    assert capsys.readouterr().err == REPEAT


@pytest.mark.proves("a failure is JSON on request, too", "real")
def test_failure_has_the_envelope_of_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    unavailable = errors.EngineUnavailable("no engine", code="engine-unavailable", detail="/run/x", hint="start it")
    invalid = errors.ConfigError([Problem("envkit.yaml", 3, "ssh.port", "no", "port-invalid")])
    problem = {"file": "envkit.yaml", "line": 3, "key": "ssh.port", "message": "no", "code": "port-invalid"}
    for error, exit_code, detail, hint, problems in (
        (unavailable, 3, "/run/x", "start it", []),
        (invalid, 2, "", "", [problem]),
    ):
        for options in (["--format", "json"], ["--format=json"]):
            assert error_handler.report(error, ["up", *options]) == exit_code, options
            output = capsys.readouterr()
            assert json.loads(output.out) == {
                "envkit": __version__,
                "format": 1,
                "command": "up",
                "subject": "",
                "result": None,
                "findings": [],
                "exit_code": exit_code,
                "error": {
                    "message": error.message,
                    "code": error.code,
                    "detail": detail,
                    "hint": hint,
                    "problems": problems,
                },
            }, options
            assert error.message in output.err, options


def test_stdout_is_empty_unless_json_is_requested(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["up"],
        ["up", "--format", "text"],
        ["exec", "tool", "--format", "json"],
        ["up", "--", "--format", "json"],
        [],
    ):
        error_handler.report(errors.PreconditionError("not allowed", code="approval-required"), arguments)
        assert capsys.readouterr().out == "", arguments


def test_config_error_shows_problems_in_file_order(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem("envkit.yaml", 12, "ssh.port", "expected a whole number"),
        Problem("envkit.yaml", 3, "nmae", "unknown key"),
    ]
    error_handler.report(errors.ConfigError(problems))
    assert capsys.readouterr().err.splitlines() == [
        "envkit.yaml:3 nmae: unknown key",
        "envkit.yaml:12 ssh.port: expected a whole number",
    ]


@pytest.mark.proves("a bug gives exit code 70, and its traceback is in a log whose path is printed", "real")
def test_bug_is_logged_to_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert error_handler.report(ZeroDivisionError("oops")) == 70
    log = tmp_path / "envkit" / "crash.log"
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    output = capsys.readouterr().err
    assert str(log) in output
    assert "Traceback" not in output


def test_invalid_command_line_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, fragment in (
        (["frobnicate"], "frobnicate"),
        (["up", "--frobnicate"], "hint: envkit up --help"),
        (["--frobnicate"], "hint: envkit --help"),
        (["statsu"], "did you mean `envkit status`?"),
        (["up", "--gpus", "one"], "--gpus"),
        (["up", "--no-gpu", "--gpus", "1"], "--gpus"),
        (["exec"], "program"),
        (["up", "--project", "/nowhere/at/all"], "/nowhere/at/all"),
    ):
        assert run(arguments) == 2, arguments
        message = capsys.readouterr().err
        assert fragment in message, arguments
        assert "Traceback" not in message, arguments


@pytest.mark.proves("`envkit version` prints the version", "real")
def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["version"], ["--version"], ["--version", "up"]):
        assert run(arguments) == 0, arguments
        assert capsys.readouterr().out.startswith("envkit "), arguments


def test_dissimilar_command_is_not_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    run(["bogus"])
    assert "did you mean" not in capsys.readouterr().err


def test_help_is_shown_without_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, output = run([]), capsys.readouterr()
    assert (exit_code, output.err) == (0, "")
    assert output.out.lstrip().startswith("Usage: envkit")
