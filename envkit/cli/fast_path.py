"""What scripts, editors and logins ask often, answered before the machinery is loaded that reads a whole command line.

Typer loads Pydantic for every option of a verb, which takes longer than to see that nothing changed. Only the plainest
words are known here, and only an answer that needs no more looking; all else is for the ordinary road.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION_ARGS = (["version"], ["--version"])
PROXY_VERB = "ssh-proxy"
UP_ARGS = (["up"], ["up", "--quiet"], ["up", "-q"])


def try_run(arguments: Sequence[str]) -> int | None:
    """Answer on stdout and return the exit code, or None where that takes more.

    Raises:
        EnvkitError: What the ordinary road would raise, too.
    """
    if list(arguments) in VERSION_ARGS:
        sys.stdout.write(f"envkit {__version__}\n")
        return 0
    if len(arguments) == 2 and arguments[0] == PROXY_VERB and not arguments[1].startswith("-"):
        return _ssh_proxy(arguments[1])
    return _up() if list(arguments) in UP_ARGS else None


def _ssh_proxy(container_name: str) -> int | None:
    from envkit.commands import ssh_proxy

    return ssh_proxy.ssh_proxy(container_name)


def _up() -> int | None:
    from envkit.cli.output import messages
    from envkit.environment import up_cache
    from envkit.sanitize import escape_controls

    report = up_cache.lookup(Path(), {})
    if report is None:
        return None
    sys.stdout.write(escape_controls(messages.up(report.result)) + "\n")
    return int(report.exit_code)
