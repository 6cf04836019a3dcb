"""Errors -> one message, the mend, an exit code. A bug goes to a log file, and its path is printed."""

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

from envkit import __version__
from envkit.errors import ConfigError, Ended, EnvkitError, Exit
from envkit.model.report import Failure, Report
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence


INTERRUPTED = "interrupted; `envkit up` or `envkit down` goes on from here"
CHANGE = {"up", "down"}  # verbs that leave an environment half way
AS_IT_WAS = "interrupted; the environment is as it was"
AGAIN = "interrupted; repeat the command"  # of all others, what was left half done the next one takes away
# Verbs that only read, or leave the terminal to a program inside: that they were ended needs no word.
READ = {
    "status", "probe", "logs", "exec", "shell", "open", "token", "ssh", "ssh-config", "ssh-proxy", "schema", "version",
}
PASSES_ON = {"exec", "ssh"}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class PastTyper(Exception):
    """Holds as its cause what Typer must not see."""


class PastReport(Exception):
    """Holds as its cause what went wrong when the verb's report had been printed: a program reads one document."""


def report(error: BaseException, arguments: Sequence[str] = ()) -> int:
    """Print what went wrong on stderr, and on stdout where its report was asked for as JSON; return the exit code."""
    reported = isinstance(error, PastReport)
    if isinstance(error, PastTyper | PastReport):
        error = error.__cause__ or error
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(Exit.REFUSED)
    if isinstance(error, BrokenPipeError):
        nobody_reads()
        return int(Exit.OK)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ in {"Abort", "Exit"}:
        return _ended(error, arguments)
    code, failure = _failure(error)
    _say(failure)
    if _wants_json(arguments) and not reported:
        _say_json(arguments[0], failure, code)
    return int(code)


def nobody_reads() -> None:
    """Let go of an output that is closed, so that neither what is still printed nor Python's exit complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failure(error: BaseException) -> tuple[Exit, Failure]:
    if isinstance(error, EnvkitError):
        problems = error.problems if isinstance(error, ConfigError) else ()
        return error.exit_code, Failure(error.message, error.tried, error.mend, problems)
    if isinstance(error, OSError):
        return Exit.REFUSED, _os_error(error)
    if hasattr(error, "format_message"):  # Typer's own: a wrong option, a missing argument
        path = getattr(getattr(error, "ctx", None), "command_path", "envkit")
        return Exit.REFUSED, Failure(error.format_message(), mend=f"{path} --help")
    return Exit.BUG, _bug(error)


def _say(failure: Failure) -> None:
    lines = [failure.message if failure.problems else f"envkit: {failure.message}"]
    if failure.tried:
        lines.append(f"  tried: {failure.tried}")
    if failure.mend:
        lines.append(f"  mend: {failure.mend}")
    _told("\n".join(lines))


def _wants_json(arguments: Sequence[str]) -> bool:
    if arguments[:1] and arguments[0] in PASSES_ON:
        return False
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--format=json" in options or ("--format", "json") in pairwise(options)


def _say_json(verb: str, failure: Failure, code: Exit) -> None:
    from envkit.report.json import to_json

    with suppress(BrokenPipeError):  # the code still tells
        sys.stdout.write(to_json(Report(verb, "", None, exit_code=code, error=failure)) + "\n")
        sys.stdout.flush()


def _ended(error: BaseException, arguments: Sequence[str]) -> int:
    # Typer hides it when no verb ran yet, and where it asks something.
    by = error if isinstance(error, Ended) else error.__cause__ or error.__context__
    code = getattr(error, "exit_code", None)
    if isinstance(by, Ended):
        code = by.exit_code
    elif isinstance(code, int) and type(error).__name__ == "Exit":
        return code
    else:
        code = Exit.INTERRUPTED
    verb = arguments[0] if arguments else ""
    if verb not in READ:
        with suppress(OSError):  # the terminal may be gone
            _told(f"envkit: {_interrupted(verb, arguments, early=type(error).__name__ == 'Abort')}")
    return int(code)


def _interrupted(verb: str, arguments: Sequence[str], *, early: bool) -> str:
    """Say what was left, where it was interrupted before anything was done, as in a question, or later."""
    if verb not in CHANGE or "--dry-run" in arguments:
        return AGAIN
    return AS_IT_WAS if early else INTERRUPTED


def _os_error(error: OSError) -> Failure:
    place = f"{error.filename}: " if error.filename else ""
    mend = "free disk space" if error.errno in NO_SPACE else "look at that path and who may use it"
    return Failure(f"{place}{error.strerror or error}", mend=f"{mend}, then repeat the command")


def _bug(error: BaseException) -> Failure:
    text = "".join(traceback.format_exception(error))
    where = _log(f"envkit {__version__} {datetime.now(timezone.utc).isoformat()}\n{text}")
    return Failure(f"a bug in envkit: {type(error).__name__}: {error}", mend=f"please report it with {where}")


def _log(text: str) -> str:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(base) / "envkit" / "crash.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a") as file:  # noqa: PTH123
            file.write(text + "\n")
    except OSError:
        return f"this:\n{text}"
    return str(path)


def _told(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")  # containers and builds had their say in it
    sys.stderr.flush()
