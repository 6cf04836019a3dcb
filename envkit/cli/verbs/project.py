"""Verbs for projects and their configuration: init, render, schema, version, status."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from envkit.cli.options import CURRENT_FOLDER, Format, FormatOption, NameOption, ProjectOption
from envkit.cli.output.reports import print_report


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Project folder; created if missing.")
    ] = CURRENT_FOLDER,
    owner: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="USER", help="User who will own the project (required when run as root)."),
    ] = None,
    example: Annotated[Optional[Path], typer.Option("--from", metavar="DIR", help="Folder to copy files from.")] = None,  # noqa: UP045
    format_: FormatOption = Format.text,
) -> int:
    """Write a commented envkit.yaml."""
    from envkit.cli.output import messages
    from envkit.commands import init as command

    return print_report(command.init(folder, owner=owner, example=example), format_, messages.init)


def render(
    project: ProjectOption = CURRENT_FOLDER,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")] = Path(
        "rendered"
    ),
    check: Annotated[bool, typer.Option("--check", help="Check whether the rendered files are current.")] = False,
    format_: FormatOption = Format.text,
) -> int:
    """Render the Dockerfile, its build context and compose.yaml."""
    from envkit.cli.output import messages
    from envkit.commands import render as command
    from envkit.environment import project as projects

    return print_report(command.render(projects.load(project, {}), output, check=check), format_, messages.render)


def schema() -> int:
    """Print the JSON Schema of envkit.yaml."""
    import json

    from envkit import config

    typer.echo(json.dumps(config.schema(), indent=2, sort_keys=True))
    return 0


def version() -> int:
    """Print the version of envkit."""
    from envkit import __version__

    typer.echo(f"envkit {__version__}")
    return 0


def status(
    name: NameOption = None,
    all_users: Annotated[bool, typer.Option("--all", "-a", help="Include environments of all users.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check for config drift and a missing GPU.")] = False,
    format_: FormatOption = Format.text,
) -> int:
    """List environments."""
    from envkit.cli.output.status_table import format_table
    from envkit.commands import status as command

    report = command.status(all_users=all_users, name=name)
    if check and report.result is not None:
        from envkit.cli.output.progress import ProgressPrinter

        with ProgressPrinter(quiet=False, verbose=False) as printer:
            report = command.check(report.result, printer)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return print_report(report, format_, partial(format_table, width=width), show_all=check)
