"""`exec`, `shell`, `ssh`, `logs`: programs inside a running environment, and what it printed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming, process
from envkit.backends.docker import client as client_
from envkit.backends.docker import container_exec, containers, endpoint, fast_inspect, inspect
from envkit.commands.ssh_proxy import SSHD, as_exec_errors
from envkit.environment import project
from envkit.errors import ExecError
from envkit.observe import readiness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.backends.docker.client import Engine
    from envkit.environment.project import Environment

SHELL = ("/bin/bash", "--login")
SSH_CLIENT_ERROR = 255  # what the SSH client says when it could not connect


def find_environment(start: Path, name: str | None) -> Environment:
    """Find an environment to run a program in.

    Raises:
        PassThrough: There is none.
    """
    with as_exec_errors():
        return project.find_environment(start, name)


def execute(environment: Environment, argv: Sequence[str]) -> int:
    """Run a program in the workspace on the caller's terminal or pipes; return its exit code.

    Raises:
        PassThrough: It could not be started.
    """
    with as_exec_errors():
        engine, container_name = _require_running(environment)
        tty = sys.stdin.isatty() and sys.stdout.isatty()
        workdir = container_workdir(environment)
        return container_exec.run_attached(
            engine, container_name, argv, tty=tty, workdir=naming.WORKSPACE, folder=workdir
        )


def container_workdir(environment: Environment) -> str:
    """Return the caller's own folder below the workspace as it is inside; empty where they stand elsewhere."""
    workspace = Path(environment.state.workspace or environment.project)
    try:
        relative_path = Path.cwd().relative_to(workspace)
    except (OSError, ValueError):  # the caller's folder may be gone
        return ""
    return f"{naming.WORKSPACE}/{relative_path}" if relative_path.parts else ""


def shell(environment: Environment) -> int:
    """Run a login shell in the workspace; return its exit code."""
    return execute(environment, SHELL)


def ssh(environment: Environment, argv: Sequence[str]) -> int:
    """Log in with the SSH client, or run a command through it; return its exit code.

    The client says 255 of itself and passes on 255 from inside. A login tried once more, and the same arguments
    without a connection, tell most of it apart: what is left is a forward or a connection that broke.

    Raises:
        PassThrough: There is no client, it does not take these arguments, the environment does not run, or nobody can
            log in.
    """
    container_name = environment.container_name
    if fast_inspect.running_container(environment.endpoint, container_name) is None:
        with as_exec_errors():
            _require_running(environment)
    client = process.which("ssh")
    if client is None:
        raise ExecError(
            "there is no ssh client on this host",
            detail="ssh on PATH",
            hint="sudo apt-get install openssh-client; or envkit shell, which needs none",
        )
    config_path = environment.state_dir.client / "ssh_config"
    # A forward that cannot be had is an end with a reason: the client alone would wait on for nothing.
    code = process.call([client, "-F", str(config_path), "-oExitOnForwardFailure=yes", container_name, *argv])
    if code == SSH_CLIENT_ERROR:
        _raise_client_error(client, config_path, container_name, argv, environment.hint)
    return code


def _raise_client_error(client: str, config_path: Path, container_name: str, argv: Sequence[str], hint: str) -> None:
    """Raise where it was the client that failed, and not what ran inside."""
    if problem := readiness.check_ssh_login(config_path, container_name):
        reason = problem.splitlines()[-1]  # the client itself has told the rest
        raise ExecError(
            f"nobody can log in by SSH: {reason}",
            hint=f"{hint}; where the host key is refused, find out who answers instead",
        )
    result = process.run(
        [client, "-G", "-F", str(config_path), container_name, *argv]
    )  # reads its arguments and connects nowhere
    if result.code:
        reason = next(iter(result.err.splitlines()), "it says no more")
        raise ExecError(
            f"the ssh client does not take these arguments: {reason}",
            hint="man ssh; what belongs to the command inside goes after --",
        )


def ssh_proxy(container_name: str) -> int:
    """Connect stdin and stdout to a fresh SSH server inside a container: what ProxyCommand runs.

    Raises:
        PassThrough: The container does not run, or is none of envkit's.
    """
    with as_exec_errors():
        engine = client_.connect(endpoint.current_endpoint())
        container_info = inspect.container(engine, container_name)
        if (
            container_info is None
            or container_info.status != "running"
            or container_info.labels.get(naming.MANAGED) != "1"
        ):
            environments = (project.find_environment(Path(), name) for name in project.environment_names())
            hint = next(
                (environment.hint for environment in environments if environment.container_name == container_name),
                "envkit up",
            )
            raise ExecError(f"{container_name} does not run", hint=hint)
        return container_exec.run_raw(engine, container_name, SSHD)


def logs(environment: Environment, *, lines: int | None, follow: bool) -> Iterator[bytes]:
    """Yield what the environment printed.

    Raises:
        StartFailed: It has no container.
    """
    engine, container_name = environment.connect(), environment.container_name
    if inspect.container(engine, container_name) is None:
        project.require_running(engine, environment)  # says so, in the words of all
    return containers.logs(engine, container_name, lines=lines, follow=follow)


def _require_running(environment: Environment) -> tuple[Engine, str]:
    engine = environment.connect()
    project.require_running(engine, environment)
    return engine, environment.container_name
