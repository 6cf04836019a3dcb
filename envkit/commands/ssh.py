"""`ssh`: log in to a running environment with the OpenSSH client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit import backends, host, process
from envkit.environment import project
from envkit.errors import ExecError, as_exec_errors
from envkit.observe import readiness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envkit.environment.project import Environment

CLIENT_ERROR = 255  # exit code of the OpenSSH client for its own errors


def ssh(environment: Environment, argv: Sequence[str]) -> int:
    """Log in with the SSH client, or run a command through it; return its exit code.

    The client exits with 255 for its own errors and also passes on 255 from the container. A second login, and a run
    with the same arguments that opens no connection, distinguish the two; only a broken connection or forward remains
    ambiguous.

    Raises:
        ExecError: The host has no client, the client rejects the arguments, the environment is not running, or login
            fails.
    """
    container_name = environment.container_name
    if backends.fast(environment.endpoint).running_container(container_name) is None:
        with as_exec_errors():
            project.require_running(environment.connect(), environment)
    client = process.which("ssh")
    if client is None:
        raise ExecError(
            "there is no ssh client on this host",
            code="ssh-client-missing",
            detail="ssh on PATH",
            hint="sudo apt-get install openssh-client; or envkit shell, which needs none",
        )
    if not host.has_account():
        raise ExecError(
            readiness.NO_ACCOUNT,
            code="user-without-account",
            detail=f"user id {os.getuid()}",
            hint="envkit shell and envkit exec need no account",
        )
    config_path = environment.state_dir.client / "ssh_config"
    # Without this option the client keeps running although a requested forward failed.
    code = process.call([client, "-F", str(config_path), "-oExitOnForwardFailure=yes", container_name, *argv])
    if code == CLIENT_ERROR:
        _raise_client_error(client, config_path, container_name, argv, environment.hint)
    return code


def _raise_client_error(client: str, config_path: Path, container_name: str, argv: Sequence[str], hint: str) -> None:
    """Raise if the client failed rather than the program in the container."""
    if problem := readiness.check_ssh_login(config_path, container_name):
        reason = problem.splitlines()[-1]  # the client has already printed the rest
        raise ExecError(
            f"SSH login failed: {reason}",
            code="ssh-login-failed",
            hint=f"{hint}; if the host key was refused, find out which server answers instead",
        )
    # `-G` parses the arguments and opens no connection.
    result = process.run([client, "-G", "-F", str(config_path), container_name, *argv])
    if result.code:
        reason = next(iter(result.err.splitlines()), "no reason given")
        raise ExecError(
            f"the ssh client rejects these arguments: {reason}",
            code="ssh-arguments-invalid",
            hint="man ssh; arguments of the command in the container go after --",
        )
