"""The verbs about a project and its config: init, render, schema, version, status."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from envkit.cli.options import HERE, Format, FormatOption, NameOption, ProjectOption
from envkit.cli.printing import show


def init(
    folder: Annotated[Path, typer.Argument(help="Where; it is made if it is not there.")] = HERE,
    owner: Annotated[Optional[str], typer.Option(metavar="USER", help="Whose it is; root has to say.")] = None,  # noqa: UP045
    example: Annotated[Optional[Path], typer.Option("--from", metavar="DIR", help="Copy a folder's files.")] = None,  # noqa: UP045
    format_: FormatOption = Format.text,
) -> int:
    """Write a commented envkit.yaml."""
    from envkit.cli import texts
    from envkit.commands import init as command

    return show(command.init(folder, owner=owner, example=example), format_, texts.init)


def render(
    project: ProjectOption = HERE,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to.")] = Path("rendered"),
    check: Annotated[bool, typer.Option("--check", help="Only say whether what lies there is current.")] = False,
    format_: FormatOption = Format.text,
) -> int:
    """Only render the Dockerfile, its context and compose.yaml."""
    from envkit.cli import texts
    from envkit.commands import project as projects
    from envkit.commands import render as command

    return show(command.render(projects.load(project, {}), output, check=check), format_, texts.render)


def schema() -> int:
    """Print the JSON Schema of envkit.yaml."""
    import json

    from envkit import config

    typer.echo(json.dumps(config.schema(), indent=2, sort_keys=True))
    return 0


def version() -> int:
    """Print envkit's version."""
    from envkit import __version__

    typer.echo(f"envkit {__version__}")
    return 0


def status(
    name: NameOption = None,
    everybody: Annotated[bool, typer.Option("--all", "-a", help="Everybody's, not only yours.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Look again: as its config says? its GPU there?")] = False,
    format_: FormatOption = Format.text,
) -> int:
    """List your environments."""
    from envkit.cli.listing import listing
    from envkit.commands import status as command

    report = command.status(everybody=everybody, name=name)
    if check and report.result is not None:
        from envkit.cli.progress import Teller
        from envkit.commands import drift

        with Teller(quiet=False, verbose=False) as say:
            report = drift.looked_again(report.result, say)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return show(report, format_, partial(listing, width=width), whole=check)
