"""Errors -> one message, the mend, an exit code. A bug goes to a log file, and its path is printed."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path

from envkit import __version__
from envkit.errors import ConfigError, EnvkitError, Exit

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def report(error: BaseException) -> int:
    """Print what went wrong on stderr and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(Exit.REFUSED)
    if isinstance(error, EnvkitError):
        _say(_message(error))
        return int(error.exit_code)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ in {"Abort", "Exit"}:
        return _click_exit(error)
    if hasattr(error, "format_message"):  # Typer's own: a wrong option, a missing argument
        _say(f"envkit: {error.format_message()}\n  mend: envkit --help")
        return int(Exit.REFUSED)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it exits
        return int(Exit.OK)
    if isinstance(error, OSError):
        return _os_error(error)
    return _bug(error)


def _message(error: EnvkitError) -> str:
    lines = [error.message if isinstance(error, ConfigError) else f"envkit: {error.message}"]
    if error.tried:
        lines.append(f"  tried: {error.tried}")
    if error.mend:
        lines.append(f"  mend: {error.mend}")
    return "\n".join(lines)


def _click_exit(error: BaseException) -> int:
    code = getattr(error, "exit_code", None)
    if isinstance(code, int) and type(error).__name__ == "Exit":
        return code
    _say("envkit: interrupted; `envkit up` or `envkit down` goes on from here")
    return int(Exit.INTERRUPTED)


def _os_error(error: OSError) -> int:
    place = f"{error.filename}: " if error.filename else ""
    mend = "free disk space" if error.errno in NO_SPACE else "look at that path and who may use it"
    _say(f"envkit: {place}{error.strerror or error}\n  mend: {mend}, then repeat the command")
    return int(Exit.REFUSED)


def _bug(error: BaseException) -> int:
    text = "".join(traceback.format_exception(error))
    where = _log(f"envkit {__version__} {datetime.now(timezone.utc).isoformat()}\n{text}")
    _say(f"envkit: a bug in envkit: {type(error).__name__}: {error}\n  mend: please report it with {where}")
    return int(Exit.BUG)


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


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
