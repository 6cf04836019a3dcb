"""The quick way of a login: to the SSH server of a container that plainly runs, over a connection of our own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkit import names, tunnel
from envkit.engines import direct, endpoint, glance
from envkit.errors import EnvkitError, PassThrough

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = ("/usr/sbin/sshd", "-i", "-f", "/etc/envkit/sshd_config")


def ssh_proxy(container: str) -> int | None:
    """Connect stdin and stdout to a fresh SSH server inside a container; return its exit code.

    Returns None where nobody was let in: the ordinary road tries that again, and says why it cannot be.

    Raises:
        PassThrough: It could not be started, or the engine let go of it, or went away.
    """
    try:
        at = _runs_at(container)
        with before_the_program():
            return direct.raw(at, container, SSHD) if at else None
    finally:
        _leave()


def _runs_at(container: str) -> str:
    """Return the address of the engine where a container of ours plainly runs, or nothing.

    The way to an engine on another machine is held from before the look: no command elsewhere ends it meanwhile.
    """
    try:
        at = endpoint.endpoint()
        if tunnel.is_remote(at):
            tunnel.hold(at)
        found = glance.running(at, container)
    except (EnvkitError, OSError, ValueError):  # of files that cannot be read, and of names that are no text
        return ""
    return at if found is not None and found.labels.get(names.MANAGED) == "1" else ""


def _leave() -> None:
    if used := tunnel.in_use():
        from envkit.commands import reach  # a login on this machine needs none of it

        for address in used:
            reach.leave(address)


@contextmanager
def before_the_program() -> Iterator[None]:
    """Give every failure of envkit's own the exit code that no program inside is likely to have."""
    try:
        yield
    except PassThrough:
        raise
    except EnvkitError as error:
        raise PassThrough(error.message, tried=error.tried, mend=error.mend) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise PassThrough(f"{place}{error.strerror or error}", mend="look at that path and who may use it") from error
