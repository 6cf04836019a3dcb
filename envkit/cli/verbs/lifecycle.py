"""Verbs that change environments: up, build, down, sync, prune."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from envkit.cli.options import (
    CURRENT_FOLDER,
    Format,
    FormatOption,
    GpuOption,
    GpusOption,
    NameOption,
    ProjectOption,
    PullOption,
    QuietOption,
    VerboseOption,
    YesOption,
)
from envkit.cli.output.reports import print_report
from envkit.errors import PreconditionError
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.cli.output.progress import ProgressPrinter


def up(
    project: ProjectOption = CURRENT_FOLDER,
    name: Annotated[str | None, typer.Option("--name", "-n", metavar="NAME", help="Name of the environment.")] = None,
    gpu: GpuOption = None,
    gpus: GpusOption = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Choose port, base image and limits again.")] = False,
    pull: PullOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the steps; change nothing.")] = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Start the project's environment and prove that it works. If nothing changed, does nothing."""
    from envkit.cli.output import messages

    flags = _flags(name=name, gpu=_gpu_setting(gpu, gpus))
    if dry_run and pull:
        raise PreconditionError(
            "--dry-run and --pull cannot be combined: the pulled image is not known in advance",
            code="options-conflict",
            hint="omit --dry-run or --pull",
        )
    if dry_run:
        from envkit.environment import dry_run as preview
        from envkit.environment import project as projects

        dry_run_report = preview.dry_run(projects.load(project, flags), refresh=refresh, yes=yes)
        return print_report(dry_run_report, format_, messages.dry_run)
    from envkit.commands import up as command

    with _create_printer(quiet, verbose) as printer:
        report = command.up(
            project, flags, on_progress=printer, approve=_create_approval(printer, yes=yes), refresh=refresh, pull=pull
        )
    return print_report(report, format_, messages.up)


def build(
    project: ProjectOption = CURRENT_FOLDER,
    gpu: GpuOption = None,
    pull: PullOption = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Build the image without starting the environment."""
    from envkit.cli.output import messages
    from envkit.environment import converge as command
    from envkit.environment import project as projects

    loaded_project = projects.load(project, _flags(gpu=_gpu_setting(gpu, None)))
    with _create_printer(quiet, verbose) as printer:
        report = command.build(
            loaded_project, on_progress=printer, approve=_create_approval(printer, yes=yes), pull=pull
        )
    return print_report(report, format_, messages.build)


def down(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove volumes, token and keys as well.")] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Discard files that exist only on the remote engine.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Remove the environment. Keeps the workspace, and the volumes unless --volumes is given."""
    from envkit.cli.output import messages
    from envkit.commands import down as command
    from envkit.environment import project as projects

    environment = projects.find_environment(project, name)
    with _create_printer(quiet, verbose) as printer:
        report = command.down(environment, volumes=volumes, on_progress=printer, discard=discard)
    return print_report(report, format_, messages.down)


def sync(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the changes without copying.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Copy changes to and from a remote engine. The engine holds a copy of the workspace."""
    from envkit.cli.output import messages
    from envkit.commands import sync as command
    from envkit.environment import project as projects

    environment = projects.find_environment(project, name)
    with _create_printer(quiet, verbose) as printer:
        report = command.sync(environment, dry_run=dry_run, on_progress=printer)
    return print_report(report, format_, messages.sync)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resources to remove and their size.")] = False,
    quiet: QuietOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Remove unused images, containers and networks of envkit.

    Keeps every resource of an environment, even of one that is down, and every volume; `down --volumes` removes
    volumes.
    """
    from envkit.cli.output import messages
    from envkit.commands import prune as command

    with _create_printer(quiet, verbose=False) as printer:
        report = command.prune(dry_run=dry_run, on_progress=printer)
    return print_report(report, format_, messages.prune)


def _flags(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _gpu_setting(gpu: bool | None, gpus: str | None) -> object:
    if gpus is None:
        return None if gpu is None else ("on" if gpu else "off")
    if gpu is False:
        raise typer.BadParameter("--no-gpu and --gpus cannot be combined")
    from envkit import config

    return config.parse_gpus(gpus)


def _create_printer(quiet: bool, verbose: bool) -> ProgressPrinter:
    from envkit.cli.output.progress import ProgressPrinter

    return ProgressPrinter(quiet=quiet, verbose=verbose)


def _create_approval(printer: ProgressPrinter, *, yes: bool) -> Callable[[tuple[str, ...]], bool]:
    def approve(entries: tuple[str, ...]) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty() or not sys.stderr.isatty():
            return False
        printer.clear()
        typer.echo("This configuration grants access that has not been approved yet:", err=True)
        for entry in entries:
            typer.echo(f"  - {escape_controls(entry)}", err=True)
        return typer.confirm("Approve?", default=False, err=True)

    return approve
