"""Whatever is raised becomes one message, the hint, and the exit code that the README promises."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from envkit import __version__, errors
from envkit.cli import error_handler, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.proves("each kind of error has its exit code", "real")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError([errors.Problem("envkit.yaml", 3, "ssh.port", "no")]), 2),
        (errors.PreconditionError("will not", hint="do that"), 2),
        (errors.EngineUnavailable("nothing answers", hint="start it"), 3),
        (errors.BuildFailed("a step failed"), 3),
        (errors.Unhealthy("no answer"), 3),
        (errors.GpuUnusable("no driver"), 5),
        (errors.ExecError("not running"), 125),
        (KeyboardInterrupt(), 130),
        (OSError(errno.ENOSPC, "No space left on device", "/state"), 2),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert error_handler.report(error) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert getattr(error, "hint", "") in told.err


GOES_ON = "envkit: interrupted; `envkit up` or `envkit down` goes on from here\n"


@pytest.mark.parametrize(
    ("verb", "error", "code", "said"),
    [
        ("lifecycle.up", KeyboardInterrupt(), 130, GOES_ON),
        ("lifecycle.down", errors.TerminatedBySignal(errors.ExitCode.TERMINATED), 143, GOES_ON),
        ("lifecycle.prune", KeyboardInterrupt(), 130, "envkit: interrupted; repeat the command\n"),
        ("diagnostics.audit", KeyboardInterrupt(), 130, "envkit: interrupted; repeat the command\n"),
        ("diagnostics.probe", KeyboardInterrupt(), 130, ""),
        ("project.render", KeyboardInterrupt(), 130, "envkit: interrupted; repeat the command\n"),
        ("exec.logs", KeyboardInterrupt(), 130, ""),
        ("exec.logs", errors.TerminatedBySignal(errors.ExitCode.TERMINATED), 143, ""),
        ("project.schema", BrokenPipeError(), 0, ""),
    ],
)
def test_what_typer_would_end_without_a_word_reaches_us(
    verb: str,
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def run() -> int:
        raise error

    monkeypatch.setattr(f"envkit.cli.verbs.{verb}", run)
    with pytest.raises(SystemExit) as ended:
        main.main([verb.partition(".")[2]])
    assert ended.value.code == code
    assert capfd.readouterr().err == said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (errors.TerminatedBySignal(errors.ExitCode.TERMINATED), 143),
    ],
)
def test_an_up_that_is_interrupted_while_it_asks_has_nothing_to_go_on_from(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def asked(_: str) -> str:
        raise error

    def up() -> int:
        return int(typer.confirm("Agree?", err=True))

    monkeypatch.setattr(sys.modules[typer.confirm.__module__], "visible_prompt_func", asked)
    monkeypatch.setattr("envkit.cli.verbs.lifecycle.up", up)
    with pytest.raises(SystemExit) as ended:
        main.main(["up", "--engine", "unix:///x"])
    assert ended.value.code == code
    assert capfd.readouterr().err.endswith("envkit: interrupted; the environment is as it was\n")


def test_an_up_that_only_foretells_has_nothing_to_go_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_handler.report(KeyboardInterrupt(), ["up", "--dry-run"]) == 130
    assert capsys.readouterr().err == "envkit: interrupted; repeat the command\n"


PROBLEM = errors.Problem("envkit.yaml", 3, "ssh.port", "no")


@pytest.mark.proves("a failure is JSON too where that is asked for", "real")
@pytest.mark.parametrize(
    ("error", "failure", "code"),
    [
        (
            errors.EngineUnavailable("nothing answers", code="engine-unavailable", detail="/run/x", hint="start it"),
            {
                "message": "nothing answers",
                "code": "engine-unavailable",
                "detail": "/run/x",
                "hint": "start it",
                "problems": [],
            },
            3,
        ),
        (
            errors.ConfigError([PROBLEM]),
            {
                "message": "envkit.yaml:3 ssh.port: no",
                "code": "config-invalid",
                "detail": "",
                "hint": "",
                "problems": [
                    {"file": "envkit.yaml", "line": 3, "key": "ssh.port", "message": "no", "code": "invalid-value"}
                ],
            },
            2,
        ),
    ],
)
@pytest.mark.parametrize("options", [["--format", "json"], ["--format=json"]])
def test_a_failure_has_the_same_envelope_as_a_report(
    error: errors.EnvkitError,
    failure: dict[str, object],
    code: int,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert error_handler.report(error, ["up", *options]) == code
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "envkit": __version__,
        "format": 1,
        "command": "up",
        "subject": "",
        "result": None,
        "findings": [],
        "exit_code": code,
        "error": failure,
    }
    assert error.message in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["up"],
        ["up", "--format", "text"],
        ["exec", "tool", "--format", "json"],
        ["up", "--", "--format", "json"],
        [],
    ],
)
def test_nothing_goes_to_stdout_where_no_json_was_asked_for(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    error_handler.report(errors.PreconditionError("will not"), arguments)
    assert capsys.readouterr().out == ""


def test_a_config_error_shows_every_problem_in_file_order(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        errors.Problem("envkit.yaml", 12, "ssh.port", "expected a whole number"),
        errors.Problem("envkit.yaml", 3, "nmae", "unknown key"),
    ]
    error_handler.report(errors.ConfigError(problems))
    assert capsys.readouterr().err.splitlines() == [
        "envkit.yaml:3 nmae: unknown key",
        "envkit.yaml:12 ssh.port: expected a whole number",
    ]


@pytest.mark.proves("a bug ends with 70 and its traceback is in a log whose path is printed", "real")
def test_a_bug_goes_to_a_private_log_whose_path_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert error_handler.report(ZeroDivisionError("oops")) == 70
    log = tmp_path / "envkit" / "crash.log"
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    shown = capsys.readouterr().err
    assert str(log) in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["frobnicate"], 2, "frobnicate"),
        (["up", "--frobnicate"], 2, "hint: envkit up --help"),
        (["--frobnicate"], 2, "hint: envkit --help"),
        (["statsu"], 2, "did you mean `envkit status`?"),
        (["up", "--gpus", "one"], 2, "--gpus"),
        (["up", "--no-gpu", "--gpus", "1"], 2, "--gpus"),
        (["exec"], 2, "program"),
        (["up", "--project", "/nowhere/at/all"], 2, "/nowhere/at/all"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_message(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told


@pytest.mark.proves("`envkit version` prints the version", "real")
@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_said_without_loading_anything(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("envkit ")


def test_a_far_word_is_not_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["bogus"])
    assert capsys.readouterr().err == "envkit: there is no command 'bogus'\n  hint: envkit --help\n"


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([])
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (0, "")
    assert told.out.lstrip().startswith("Usage: envkit")
