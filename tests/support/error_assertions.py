"""Assertions on errors: one message with a hint, the right exit code and error code, and no traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.account import CommandResult


def assert_error(result: CommandResult, exit_code: int, *fragments: str, code: str = "") -> None:
    """Check that a command failed with exactly one message and one hint on stderr.

    Args:
        result: The command.
        exit_code: Expected exit code.
        fragments: Texts that stderr contains.
        code: Expected error code; the command must have run with `--format json`.
    """
    _assert_plain_error(result, exit_code, fragments)
    messages = [line for line in result.err.splitlines() if line.startswith("envkit: ")]
    hints = [line for line in result.err.splitlines() if line.startswith("  hint: ")]
    assert (len(messages), len(hints)) == (1, 1), str(result)
    if code:
        assert error_code(result) == code, str(result)


def error_code(result: CommandResult) -> str:
    """Return the error code of a command that ran with `--format json`; empty if it printed no error."""
    try:
        report = json.loads(result.out)
    except ValueError:
        return ""
    return str((report["error"] or {}).get("code", ""))


def assert_config_problems(result: CommandResult, *problems: str) -> None:
    """Check for exit code 2 and exactly these problems of the configuration, each given by the start of its line."""
    _assert_plain_error(result, 2, problems)
    lines = result.err.splitlines()
    assert len(lines) == len(problems), str(result)
    assert all(line.startswith(problem) for line, problem in zip(lines, problems, strict=True)), str(result)


def _assert_plain_error(result: CommandResult, exit_code: int, fragments: tuple[str, ...]) -> None:
    assert result.code == exit_code, str(result)
    assert "Traceback" not in result.out + result.err, str(result)
    assert "bug in envkit" not in result.err, str(result)
    missing = [fragment for fragment in fragments if fragment not in result.err]
    assert not missing, f"{missing} is missing: {result}"
