"""Verbs that run programs in the container or show its output: exec, shell, ssh, logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import CURRENT_FOLDER, NameOption, ProjectOption
from envkit.errors import PreconditionError
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkit.environment.project import Environment

LINE_BYTES_MAX = 1 << 20


def exec_(context: typer.Context, project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Run a program in the workspace and return its exit code."""
    from envkit.commands.exec import execute, find_environment

    if not context.args:
        raise PreconditionError("exec needs a program", code="program-missing", hint="envkit exec python train.py")
    environment = find_environment(project, name)
    return _report_kill(environment, execute(environment, context.args))


def shell(project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Open a shell in the workspace."""
    from envkit.commands import exec as command

    environment = command.find_environment(project, name)
    return _report_kill(environment, command.shell(environment))


def _report_kill(environment: Environment, code: int) -> int:
    """Print why a program was killed if it ran out of memory; return its exit code."""
    from envkit.commands import exec as command

    if explanation := command.explain_kill(environment, code):
        typer.echo(f"envkit: {explanation}", err=True)
    return code


def ssh(context: typer.Context, project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Log in by SSH, or run a command over SSH."""
    from envkit.commands import ssh as command
    from envkit.commands.exec import find_environment

    return command.ssh(find_environment(project, name), context.args)


def ssh_proxy(container: Annotated[str, typer.Argument(help="Name of the container.")]) -> int:
    """Connect stdin and stdout to a container's SSH server."""
    from envkit.commands import ssh_proxy as command

    return command.ssh_proxy(container)


def logs(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the output until interrupted.")] = False,
    tail: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--tail", metavar="N", min=0, help="Number of lines to print, from the end."),
    ] = None,
) -> int:
    """Print the output of the environment."""
    from envkit.commands import logs as command
    from envkit.environment import project as projects

    output = command.logs(projects.find_environment(project, name), lines=tail, follow=follow)
    for chunk in _sanitize_output(output) if sys.stdout.isatty() else output:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _sanitize_output(output: Iterable[bytes]) -> Iterator[bytes]:
    """Split output into lines and escape control characters, so that container code cannot control the terminal."""
    rest = b""
    for chunk in output:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:  # an endless line must not exhaust memory
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield _sanitize_line(line) + b"\n"
    if rest:
        yield _sanitize_line(rest) + b"\n"


def _sanitize_line(line: bytes) -> bytes:
    return escape_controls(line.decode(errors="backslashreplace").removesuffix("\r")).encode(
        sys.stdout.encoding, "replace"
    )
