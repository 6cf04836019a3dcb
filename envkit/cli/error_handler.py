"""Convert each error to one message, a hint and an exit code. Bugs are logged to a file whose path is printed."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import __version__, state_paths
from envkit.errors import ConfigError, EnvkitError, ExitCode, TerminatedBySignal
from envkit.model.report import Failure, Report
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Sequence


INTERRUPTED_RESUME = "interrupted; `envkit up` or `envkit down` continues from here"
CHANGING_VERBS = {"up", "down"}  # may leave an environment partially changed
INTERRUPTED_UNCHANGED = "interrupted; the environment is unchanged"
INTERRUPTED_REPEAT = "interrupted; repeat the command"  # the next run cleans up
# These verbs only read or hand the terminal to a program in the container; their interruption needs no message.
READ_ONLY_VERBS = {
    "status",
    "probe",
    "logs",
    "exec",
    "shell",
    "open",
    "token",
    "ssh",
    "ssh-config",
    "ssh-proxy",
    "schema",
    "version",
}
PASSTHROUGH_VERBS = {"exec", "ssh"}
NO_SPACE_ERRNOS = {errno.ENOSPC, errno.EDQUOT}


class TyperBypass(Exception):
    """Carries an exception past Typer as its cause."""


class ErrorAfterReport(Exception):
    """Carries as its cause an error that occurred after the report was printed; stdout must hold one JSON document."""


def report(error: BaseException, arguments: Sequence[str] = ()) -> int:
    """Print an error on stderr, and on stdout as well if JSON was requested.

    Args:
        error: Exception that ended the command.
        arguments: Command line without the program name.

    Returns:
        The exit code of the process.
    """
    after_report = isinstance(error, ErrorAfterReport)
    if isinstance(error, TyperBypass | ErrorAfterReport):
        error = error.__cause__ or error
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(ExitCode.USAGE)
    if isinstance(error, BrokenPipeError):
        discard_stdout()
        return int(ExitCode.OK)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ in {"Abort", "Exit"}:
        return _handle_interrupt(error, arguments)
    code, failure = _classify(error)
    _print_failure(failure)
    if _wants_json(arguments) and not after_report:
        _print_json(arguments[0], failure, code)
    return int(code)


def discard_stdout() -> None:
    """Redirect stdout to /dev/null, so that later writes and the exit of Python do not fail on a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _classify(error: BaseException) -> tuple[ExitCode, Failure]:
    if isinstance(error, EnvkitError):
        problems = error.problems if isinstance(error, ConfigError) else ()
        return error.exit_code, Failure(error.message, error.code, error.detail, error.hint, problems)
    if isinstance(error, OSError):
        return ExitCode.USAGE, _os_failure(error)
    if hasattr(error, "format_message"):  # Typer's usage errors: unknown option, missing argument
        command = getattr(getattr(error, "ctx", None), "command_path", "envkit")
        return ExitCode.USAGE, Failure(error.format_message(), "usage-error", hint=f"{command} --help")
    return ExitCode.BUG, _bug_failure(error)


def _print_failure(failure: Failure) -> None:
    lines = [failure.message if failure.problems else f"envkit: {failure.message}"]
    if failure.detail:
        lines.append(f"  detail: {failure.detail}")
    if failure.hint:
        lines.append(f"  hint: {failure.hint}")
    _print_stderr("\n".join(lines))


def _wants_json(arguments: Sequence[str]) -> bool:
    if arguments[:1] and arguments[0] in PASSTHROUGH_VERBS:
        return False
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--format=json" in options or ("--format", "json") in pairwise(options)


def _print_json(verb: str, failure: Failure, code: ExitCode) -> None:
    from envkit.report.json import to_json

    with suppress(BrokenPipeError):  # the exit code still reports the failure
        sys.stdout.write(to_json(Report(verb, "", None, exit_code=code, error=failure)) + "\n")
        sys.stdout.flush()


def _handle_interrupt(error: BaseException, arguments: Sequence[str]) -> int:
    # Typer replaces the signal error before a verb runs and during a prompt.
    signal_error = error if isinstance(error, TerminatedBySignal) else error.__cause__ or error.__context__
    code = getattr(error, "exit_code", None)
    if isinstance(signal_error, TerminatedBySignal):
        code = signal_error.exit_code
    elif isinstance(code, int) and type(error).__name__ == "Exit":
        return code
    else:
        code = ExitCode.INTERRUPTED
    verb = arguments[0] if arguments else ""
    if verb not in READ_ONLY_VERBS:
        with suppress(OSError):  # the terminal may be gone
            _print_stderr(f"envkit: {_interrupt_message(verb, arguments, early=type(error).__name__ == 'Abort')}")
    return int(code)


def _interrupt_message(verb: str, arguments: Sequence[str], *, early: bool) -> str:
    """Return the state after an interruption; `early` means during a prompt, before any change."""
    if verb not in CHANGING_VERBS or "--dry-run" in arguments:
        return INTERRUPTED_REPEAT
    return INTERRUPTED_UNCHANGED if early else INTERRUPTED_RESUME


def _os_failure(error: OSError) -> Failure:
    prefix = f"{error.filename}: " if error.filename else ""
    message = f"{prefix}{error.strerror or error}"
    if error.errno in NO_SPACE_ERRNOS:
        return Failure(message, "local-disk-full", hint="free disk space, then repeat the command")
    return Failure(message, "os-error", hint="check the path and its permissions, then repeat the command")


def _bug_failure(error: BaseException) -> Failure:
    text = "".join(traceback.format_exception(error))
    log_location = _write_crash_log(f"envkit {__version__} {datetime.now(timezone.utc).isoformat()}\n{text}")
    return Failure(
        f"a bug in envkit: {type(error).__name__}: {error}",
        "internal-error",
        hint=f"report it with {log_location}",
    )


def _write_crash_log(text: str) -> str:
    try:
        path = Path(state_paths.state_home()) / "crash.log"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a") as file:  # noqa: PTH123
            file.write(text + "\n")
    except (OSError, EnvkitError):  # also without a home
        return f"this:\n{text}"
    return str(path)


def _print_stderr(text: str) -> None:
    sys.stderr.write(escape_controls(text) + "\n")  # messages may quote containers and builds
    sys.stderr.flush()
