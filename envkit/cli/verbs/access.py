"""The ways in: open, token, ssh-config."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from envkit.cli.options import HERE, Format, FormatOption, NameOption, ProjectOption
from envkit.cli.printing import show

if TYPE_CHECKING:
    from envkit.commands.access import Opened
    from envkit.model.report import Report


def open_(project: ProjectOption = HERE, name: NameOption = None, format_: FormatOption = Format.text) -> int:
    """Open JupyterLab in the browser, logged in. Where it has no port, a forwarded one stays until you press Ctrl-C."""
    from envkit.cli import texts
    from envkit.cli.failures import PastReport
    from envkit.cli.progress import Teller
    from envkit.commands import access
    from envkit.commands import project as projects
    from envkit.errors import EnvkitError

    reported = False

    def shown(report: Report[Opened]) -> int:
        nonlocal reported
        say.rest()
        code = show(report, format_, texts.opened)
        sys.stdout.flush()  # the command may stay
        reported = True
        return code

    try:
        with Teller(quiet=False, verbose=False) as say:
            return access.open_(projects.known(project, name), shown, say)
    except (EnvkitError, OSError) as error:
        if reported:
            raise PastReport from error
        raise


def token(
    project: ProjectOption = HERE, name: NameOption = None,
    show: Annotated[bool, typer.Option("--show", help="Also into a pipe or a file.")] = False,
) -> int:
    """Show the Jupyter token, to a terminal only."""
    from envkit.commands import access
    from envkit.commands import project as projects
    from envkit.errors import Refusal

    found = access.token(projects.known(project, name))
    if not sys.stdout.isatty() and not show:
        raise Refusal("the token goes to a terminal only, not into a pipe or a log", mend="envkit token --show")
    typer.echo(found)
    return 0


def ssh_config(
    project: ProjectOption = HERE, name: NameOption = None,
    install: Annotated[bool, typer.Option("--install", help="Include it from ~/.ssh/config.")] = False,
) -> int:
    """Print the SSH host entry for VS Code, PyCharm, scp and rsync."""
    from envkit.commands import access
    from envkit.commands import project as projects
    from envkit.names import container

    known = projects.known(project, name)
    if not install:
        typer.echo(access.ssh_config(known), nl=False)
        return 0
    access.ssh_config(known)
    path = access.install_ssh_config(known)
    typer.echo(f"{path} includes it: ssh {container(known.owner, known.name)}")
    return 0
