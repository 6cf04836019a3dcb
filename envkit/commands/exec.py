"""`exec` and `shell`: run a program in a running environment."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming
from envkit.environment import moved_project, project
from envkit.errors import EnvkitError, as_exec_errors, workspace_replaced_error
from envkit.observe import memory_kills

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.environment.project import Environment

KILLED_EXIT_CODE = 128 + signal.SIGKILL
LOGIN_SHELL = ("/bin/bash", "--login")


def find_environment(start: Path, name: str | None) -> Environment:
    """Find the environment to run a program in.

    Raises:
        ExecError: There is no such environment.
    """
    with as_exec_errors():
        return project.find_environment(start, name)


def execute(environment: Environment, argv: Sequence[str]) -> int:
    """Run a program in the workspace on the caller's terminal or pipes; return its exit code.

    Raises:
        ExecError: The program could not be started.
    """
    with as_exec_errors():
        backend = environment.connect()
        project.require_running(backend, environment)
        if backend.capabilities.binds and moved_project.is_replaced(environment.state):
            raise workspace_replaced_error()
        tty = sys.stdin.isatty() and sys.stdout.isatty()
        workdir = container_workdir(environment)
        return backend.run_attached(environment.container_name, argv, tty=tty, workdir=naming.WORKSPACE, folder=workdir)


def explain_kill(environment: Environment, code: int) -> str:
    """Return why the kernel killed a program, if the workspace used up its memory; else an empty string.

    Args:
        environment: Environment that it ran in.
        code: Its exit code.
    """
    if code != KILLED_EXIT_CODE:
        return ""
    with suppress(EnvkitError, OSError):
        return memory_kills.describe(environment.connect(), environment.container_name)
    return ""


def shell(environment: Environment) -> int:
    """Run a login shell in the workspace; return its exit code.

    Raises:
        ExecError: The shell could not be started.
    """
    return execute(environment, LOGIN_SHELL)


def container_workdir(environment: Environment) -> str:
    """Return the container's path of the caller's working folder, or an empty string if it is outside the workspace."""
    workspace = Path(environment.state.workspace or environment.project)
    try:
        relative_path = Path.cwd().relative_to(workspace)
    except (OSError, ValueError):  # the working folder may have been removed
        return ""
    return f"{naming.WORKSPACE}/{relative_path}" if relative_path.parts else ""
