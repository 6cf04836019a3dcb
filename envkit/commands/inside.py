"""`exec`, `shell`, `ssh`, `logs`: programs inside a running environment, and what it printed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import names, proc
from envkit.commands import project
from envkit.commands.proxied import SSHD, before_the_program
from envkit.engines import connect, containers, endpoint, execs, glance, look
from envkit.errors import PassThrough
from envkit.observe import ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.commands.project import Known
    from envkit.engines.connect import Engine

SHELL = ("/bin/bash", "--login")
CLIENTS_OWN = 255  # what the SSH client says when it could not connect


def known(start: Path, name: str | None) -> Known:
    """Find an environment to run a program in.

    Raises:
        PassThrough: There is none.
    """
    with before_the_program():
        return project.known(start, name)


def execute(known: Known, argv: Sequence[str]) -> int:
    """Run a program in the workspace on the caller's terminal or pipes; return its exit code.

    Raises:
        PassThrough: It could not be started.
    """
    with before_the_program():
        engine, title = _running(known)
        tty = sys.stdin.isatty() and sys.stdout.isatty()
        below = folder_inside(known)
        return execs.attached(engine, title, argv, tty=tty, workdir=names.WORKSPACE, below=below)


def folder_inside(known: Known) -> str:
    """Return the caller's own folder below the workspace as it is inside; empty where they stand elsewhere."""
    workspace = Path(known.state.workspace or known.project)
    try:
        below = Path.cwd().relative_to(workspace)
    except (OSError, ValueError):  # the caller's folder may be gone
        return ""
    return f"{names.WORKSPACE}/{below}" if below.parts else ""


def shell(known: Known) -> int:
    """Run a login shell in the workspace; return its exit code."""
    return execute(known, SHELL)


def ssh(known: Known, argv: Sequence[str]) -> int:
    """Log in with the SSH client, or run a command through it; return its exit code.

    The client says 255 of itself and passes on 255 from inside. A login tried once more, and the same arguments
    without a connection, tell most of it apart: what is left is a forward or a connection that broke.

    Raises:
        PassThrough: There is no client, it does not take these arguments, the environment does not run, or nobody can
            log in.
    """
    title = known.container
    if glance.running(known.endpoint, title) is None:
        with before_the_program():
            _running(known)
    client = proc.which("ssh")
    if client is None:
        raise PassThrough(
            "there is no ssh client on this host", tried="ssh on PATH",
            mend="sudo apt-get install openssh-client; or envkit shell, which needs none",
        )
    config = known.place.client / "ssh_config"
    # A forward that cannot be had is an end with a reason: the client alone would wait on for nothing.
    code = proc.call([client, "-F", str(config), "-oExitOnForwardFailure=yes", title, *argv])
    if code == CLIENTS_OWN:
        _insist_on_the_program(client, config, title, argv, known.mend)
    return code


def _insist_on_the_program(client: str, config: Path, title: str, argv: Sequence[str], mend: str) -> None:
    """Raise where it was the client that failed, and not what ran inside."""
    if wrong := ready.ssh(config, title):
        why = wrong.splitlines()[-1]  # the client itself has told the rest
        raise PassThrough(
            f"nobody can log in by SSH: {why}",
            mend=f"{mend}; where the host key is refused, find out who answers instead",
        )
    read = proc.run([client, "-G", "-F", str(config), title, *argv])  # reads its arguments and connects nowhere
    if read.code:
        why = next(iter(read.err.splitlines()), "it says no more")
        raise PassThrough(
            f"the ssh client does not take these arguments: {why}",
            mend="man ssh; what belongs to the command inside goes after --",
        )


def ssh_proxy(container: str) -> int:
    """Connect stdin and stdout to a fresh SSH server inside a container: what ProxyCommand runs.

    Raises:
        PassThrough: The container does not run, or is none of envkit's.
    """
    with before_the_program():
        engine = connect.connect(endpoint.endpoint())
        found = look.container(engine, container)
        if found is None or found.status != "running" or found.labels.get(names.MANAGED) != "1":
            mine = (project.known(Path(), name) for name in project.names_known())
            mend = next((one.mend for one in mine if one.container == container), "envkit up")
            raise PassThrough(f"{container} does not run", mend=mend)
        return execs.raw(engine, container, SSHD)


def logs(known: Known, *, lines: int | None, follow: bool) -> Iterator[bytes]:
    """Yield what the environment printed.

    Raises:
        StartFailed: It has no container.
    """
    engine, title = known.connect(), known.container
    if look.container(engine, title) is None:
        project.running(engine, known)  # says so, in the words of all
    return containers.logs(engine, title, lines=lines, follow=follow)


def _running(known: Known) -> tuple[Engine, str]:
    engine = known.connect()
    project.running(engine, known)
    return engine, known.container
