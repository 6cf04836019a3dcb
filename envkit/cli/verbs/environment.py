"""The verbs that change an environment: up, build, down, prune."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import (
    HERE,
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
from envkit.cli.printing import show
from envkit.errors import Refusal
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.cli.progress import Teller


def up(
    project: ProjectOption = HERE,
    name: Annotated[Optional[str], typer.Option("--name", "-n", help="Name of the environment.")] = None,  # noqa: UP045
    gpu: GpuOption = None, gpus: GpusOption = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Choose port, base and limits anew.")] = False,
    pull: PullOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: YesOption = False, quiet: QuietOption = False, verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Bring the project's environment up, and prove it. Nothing changed means nothing done."""
    from envkit.cli import texts

    flags = _flags(name=name, gpu=_gpu(gpu, gpus))
    if dry_run and pull:
        raise Refusal("what --pull brings is not known before", mend="leave out --dry-run or --pull")
    if dry_run:
        from envkit.commands import project as projects
        from envkit.commands import render as renders

        foretold = renders.dry_run(projects.load(project, flags), refresh=refresh, yes=yes)
        return show(foretold, format_, texts.dry_run)
    from envkit.commands import up as command

    with _teller(quiet, verbose) as say:
        report = command.up(project, flags, say=say, ask=_ask(say, yes=yes), refresh=refresh, pull=pull)
    return show(report, format_, texts.up)


def build(
    project: ProjectOption = HERE, gpu: GpuOption = None, pull: PullOption = False, yes: YesOption = False,
    quiet: QuietOption = False, verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Only build the image."""
    from envkit.cli import texts
    from envkit.commands import climb as command
    from envkit.commands import project as projects

    loaded = projects.load(project, _flags(gpu=_gpu(gpu, None)))
    with _teller(quiet, verbose) as say:
        report = command.build(loaded, say=say, ask=_ask(say, yes=yes), pull=pull)
    return show(report, format_, texts.build)


def down(
    project: ProjectOption = HERE, name: NameOption = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Its volumes, token and keys too.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Also what another machine alone holds.")] = False,
    quiet: QuietOption = False, verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Take the environment away. The workspace stays, and so do volumes unless told otherwise."""
    from envkit.cli import texts
    from envkit.commands import down as command
    from envkit.commands import project as projects

    known = projects.known(project, name)
    with _teller(quiet, verbose) as say:
        report = command.down(known, volumes=volumes, say=say, discard=discard)
    return show(report, format_, texts.down)


def sync(
    project: ProjectOption = HERE, name: NameOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be copied.")] = False,
    quiet: QuietOption = False, verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Copy what changed to and from another machine's engine. It holds a copy of the workspace."""
    from envkit.cli import texts
    from envkit.commands import project as projects
    from envkit.commands import synced as command

    known = projects.known(project, name)
    with _teller(quiet, verbose) as say:
        report = command.run(known, dry_run=dry_run, say=say)
    return show(report, format_, texts.sync)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go, and how much it frees.")] = False,
    quiet: QuietOption = False, format_: FormatOption = Format.text,
) -> int:
    """Remove what envkit made for you and nobody uses.

    That is images, and containers and networks of no environment. What an environment needs stays, also of one that is
    down, and so does every volume: `down --volumes` removes those.
    """
    from envkit.cli import texts
    from envkit.commands import prune as command

    with _teller(quiet, verbose=False) as say:
        report = command.prune(dry_run=dry_run, say=say)
    return show(report, format_, texts.prune)


def _flags(**given: object) -> dict[str, object]:
    return {key: value for key, value in given.items() if value is not None}


def _gpu(gpu: bool | None, gpus: str | None) -> object:
    if gpus is None:
        return None if gpu is None else ("on" if gpu else "off")
    if gpu is False:
        raise typer.BadParameter("--no-gpu and --gpus contradict each other")
    from envkit import config

    return config.gpus(gpus)


def _teller(quiet: bool, verbose: bool) -> Teller:
    from envkit.cli.progress import Teller

    return Teller(quiet=quiet, verbose=verbose)


def _ask(say: Teller, *, yes: bool) -> Callable[[tuple[str, ...]], bool]:
    def ask(entries: tuple[str, ...]) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty() or not sys.stderr.isatty():
            return False
        say.rest()
        typer.echo("This would let in more than was agreed to:", err=True)
        for entry in entries:
            typer.echo(f"  - {plain(entry)}", err=True)
        return typer.confirm("Agree?", default=False, err=True)

    return ask
