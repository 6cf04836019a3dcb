"""Verbs that connect to an environment: open, token, ssh-config."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from envkit.cli.options import CURRENT_FOLDER, Format, FormatOption, NameOption, ProjectOption
from envkit.cli.output.reports import print_report

if TYPE_CHECKING:
    from envkit.commands.open import OpenResult
    from envkit.model.report import Report


def open_(project: ProjectOption = CURRENT_FOLDER, name: NameOption = None, format_: FormatOption = Format.text) -> int:
    """Open JupyterLab in the browser, logged in. Without a published port, forwards one until Ctrl-C."""
    from envkit.cli.error_handler import ErrorAfterReport
    from envkit.cli.output import messages
    from envkit.cli.output.progress import ProgressPrinter
    from envkit.commands import open as command
    from envkit.environment import project as projects
    from envkit.errors import EnvkitError

    is_reported = False

    def print_opened(report: Report[OpenResult]) -> int:
        nonlocal is_reported
        printer.clear()
        code = print_report(report, format_, messages.open_)
        sys.stdout.flush()  # the command may keep running
        is_reported = True
        return code

    try:
        with ProgressPrinter(quiet=False, verbose=False) as printer:
            return command.open_lab(projects.find_environment(project, name), print_opened, printer)
    except (EnvkitError, OSError) as error:
        if is_reported:
            raise ErrorAfterReport from error
        raise


def token(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print to a pipe or a file as well.")] = False,
    rotate: Annotated[bool, typer.Option("--rotate", help="Replace the token at the next `envkit up`.")] = False,
) -> int:
    """Print the Jupyter token, by default only to a terminal."""
    from envkit.commands import token as command
    from envkit.environment import project as projects
    from envkit.errors import PreconditionError

    environment = projects.find_environment(project, name)
    if rotate:
        command.rotate(environment, lambda: typer.echo("waiting for another envkit command", err=True))
        typer.echo(f"the token is removed; to start JupyterLab with a new one: {environment.hint}")
        return 0
    jupyter_token = command.token(environment)
    if not sys.stdout.isatty() and not show:
        raise PreconditionError(
            "the token is printed only to a terminal, not to a pipe or a log",
            code="terminal-required",
            hint="envkit token --show",
        )
    typer.echo(jupyter_token)
    return 0


def ssh_config(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    install: Annotated[bool, typer.Option("--install", help="Include the entry in ~/.ssh/config.")] = False,
) -> int:
    """Print the SSH host entry for VS Code, PyCharm, scp and rsync."""
    from envkit.commands import ssh_config as command
    from envkit.environment import project as projects
    from envkit.naming import container

    environment = projects.find_environment(project, name)
    if not install:
        typer.echo(command.read(environment), nl=False)
        return 0
    command.read(environment)
    path = command.install(environment)
    typer.echo(f"{path} includes the entry; connect with: ssh {container(environment.owner, environment.name)}")
    return 0
