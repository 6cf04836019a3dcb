"""Fast path for frequent calls of scripts, editors and SSH logins, without Typer.

Typer loads Pydantic for every option of a verb, which takes longer than detecting an unchanged environment. Only the
simplest command lines with a cached answer are handled; the ordinary parser handles the rest.
"""

from __future__ import annotations

import sys

from envkit import __version__

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION_ARGS = (["version"], ["--version"])
PROXY_VERB = "ssh-proxy"
UP_ARGS = (["up"], ["up", "--quiet"], ["up", "-q"])


def try_run(arguments: Sequence[str]) -> int | None:
    """Run a command line on the fast path; return its exit code, or None if it needs the ordinary parser.

    Args:
        arguments: Command line without the program name.

    Raises:
        EnvkitError: The command failed, as it would with the ordinary parser.
    """
    if list(arguments) in VERSION_ARGS:
        from envkit import distribution

        sys.stdout.write(f"envkit {__version__}\n")
        if foreign := distribution.foreign_version():
            sys.stderr.write(
                f"envkit: warning: the unrelated package envkit {foreign} is installed over {distribution.NAME}\n"
                f"  hint: {distribution.HINT}\n"
            )
        return 0
    if len(arguments) == 2 and arguments[0] == PROXY_VERB and not arguments[1].startswith("-"):
        return _ssh_proxy(arguments[1])
    return _up() if list(arguments) in UP_ARGS else None


def _ssh_proxy(container_name: str) -> int | None:
    from envkit.commands import ssh_proxy

    return ssh_proxy.fast_ssh_proxy(container_name)


def _up() -> int | None:
    from types import SimpleNamespace

    from envkit.backends import fast_endpoint
    from envkit.cli.output import messages
    from envkit.environment import up_cache
    from envkit.sanitize import escape_controls

    result = up_cache.find_result(".", {}, fast_endpoint.current_endpoint)
    if result is None:
        return None
    sys.stdout.write(escape_controls(messages.up(SimpleNamespace(**result))) + "\n")
    return 0
