"""The ways in: open, token, ssh-config."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from envkit.cli.options import CURRENT_FOLDER, Format, FormatOption, NameOption, ProjectOption
from envkit.cli.output.reports import print_report

if TYPE_CHECKING:
    from envkit.commands.access import OpenResult
    from envkit.model.report import Report


def open_(project: ProjectOption = CURRENT_FOLDER, name: NameOption = None, format_: FormatOption = Format.text) -> int:
    """Open JupyterLab in the browser, logged in. Where it has no port, a forwarded one stays until you press Ctrl-C."""
    from envkit.cli.error_handler import ErrorAfterReport
    from envkit.cli.output import messages
    from envkit.cli.output.progress import ProgressPrinter
    from envkit.commands import access
    from envkit.environment import project as projects
    from envkit.errors import EnvkitError

    is_reported = False

    def print_opened(report: Report[OpenResult]) -> int:
        nonlocal is_reported
        printer.clear()
        code = print_report(report, format_, messages.open_)
        sys.stdout.flush()  # the command may stay
        is_reported = True
        return code

    try:
        with ProgressPrinter(quiet=False, verbose=False) as printer:
            return access.open_lab(projects.find_environment(project, name), print_opened, printer)
    except (EnvkitError, OSError) as error:
        if is_reported:
            raise ErrorAfterReport from error
        raise


def token(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    show: Annotated[bool, typer.Option("--show", help="Also into a pipe or a file.")] = False,
) -> int:
    """Show the Jupyter token, to a terminal only."""
    from envkit.commands import access
    from envkit.environment import project as projects
    from envkit.errors import PreconditionError

    jupyter_token = access.read_token(projects.find_environment(project, name))
    if not sys.stdout.isatty() and not show:
        raise PreconditionError(
            "the token goes to a terminal only, not into a pipe or a log", hint="envkit token --show"
        )
    typer.echo(jupyter_token)
    return 0


def ssh_config(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    install: Annotated[bool, typer.Option("--install", help="Include it from ~/.ssh/config.")] = False,
) -> int:
    """Print the SSH host entry for VS Code, PyCharm, scp and rsync."""
    from envkit.commands import access
    from envkit.environment import project as projects
    from envkit.naming import container

    environment = projects.find_environment(project, name)
    if not install:
        typer.echo(access.read_ssh_config(environment), nl=False)
        return 0
    access.read_ssh_config(environment)
    path = access.install_ssh_config(environment)
    typer.echo(f"{path} includes it: ssh {container(environment.owner, environment.name)}")
    return 0
