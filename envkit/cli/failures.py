"""Errors -> one message, the mend, an exit code. A bug goes to a log file, and its path is printed."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from envkit import __version__
from envkit.errors import ConfigError, Ended, EnvkitError, Exit
from envkit.plain import plain

INTERRUPTED = "envkit: interrupted; `envkit up` or `envkit down` goes on from here"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class PastTyper(Exception):
    """Holds as its cause what Typer must not see."""


def report(error: BaseException) -> int:
    """Print what went wrong on stderr and return the exit code."""
    if isinstance(error, PastTyper):
        error = error.__cause__ or error
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(Exit.REFUSED)
    if isinstance(error, EnvkitError):
        return _told(_message(error), error.exit_code)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ in {"Abort", "Exit"}:
        return _ended(error)
    if isinstance(error, OSError):
        return _os_error(error)
    if hasattr(error, "format_message"):  # Typer's own: a wrong option, a missing argument
        return _told(f"envkit: {error.format_message()}\n  mend: envkit --help", Exit.REFUSED)
    return _bug(error)


def _message(error: EnvkitError) -> str:
    lines = [error.message if isinstance(error, ConfigError) else f"envkit: {error.message}"]
    if error.tried:
        lines.append(f"  tried: {error.tried}")
    if error.mend:
        lines.append(f"  mend: {error.mend}")
    return "\n".join(lines)


def _ended(error: BaseException) -> int:
    by = error if isinstance(error, Ended) else error.__cause__  # Typer hides it when no verb ran yet
    if isinstance(by, Ended):
        with suppress(OSError):  # the terminal may be gone
            _told(INTERRUPTED, by.exit_code)
        return int(by.exit_code)
    code = getattr(error, "exit_code", None)
    if isinstance(code, int) and type(error).__name__ == "Exit":
        return code
    return _told(INTERRUPTED, Exit.INTERRUPTED)


def _os_error(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it exits
        return int(Exit.OK)
    place = f"{error.filename}: " if error.filename else ""
    mend = "free disk space" if error.errno in NO_SPACE else "look at that path and who may use it"
    return _told(f"envkit: {place}{error.strerror or error}\n  mend: {mend}, then repeat the command", Exit.REFUSED)


def _bug(error: BaseException) -> int:
    text = "".join(traceback.format_exception(error))
    where = _log(f"envkit {__version__} {datetime.now(timezone.utc).isoformat()}\n{text}")
    message = f"envkit: a bug in envkit: {type(error).__name__}: {error}\n  mend: please report it with {where}"
    return _told(message, Exit.BUG)


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


def _told(text: str, code: Exit) -> int:
    sys.stderr.write(plain(text) + "\n")  # containers and builds had their say in it
    sys.stderr.flush()
    return int(code)
