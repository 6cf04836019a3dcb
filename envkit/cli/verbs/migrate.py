"""The verb that changes code: migrate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import Format, FormatOption, QuietOption
from envkit.cli.printing import show

if TYPE_CHECKING:
    from envkit.commands.ported import Ported

PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to look through.")]
RELEASE = "2.9.0"


def migrate(
    paths: PathsArgument,
    write: Annotated[bool, typer.Option("--write", help="Change the files.")] = False,
    check: Annotated[bool, typer.Option("--check", help="End with 1 when something is left to do. For CI.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="RELEASE", help="The TensorFlow to migrate to: 2.9.0 or 2.15.1.")
    ] = RELEASE,
    ignore: Annotated[
        Optional[list[str]], typer.Option("--ignore", metavar="RULE", help="Switch a rule off, by its id; repeatable.")  # noqa: UP045
    ] = None,
    quiet: QuietOption = False, format_: FormatOption = Format.text,
) -> int:
    """Move code from standalone Keras to tf.keras. Shows what changes, and what a person has to look at."""
    from envkit.cli import texts
    from envkit.cli.bar import Bar
    from envkit.cli.changes import show as show_file
    from envkit.cli.failures import nobody_reads
    from envkit.commands import migrate as command

    if write and check:
        raise typer.BadParameter("--write and --check contradict each other")
    for_people = format_ is Format.text
    with Bar("looking for Keras", quiet=quiet) as bar:

        def tell(one: Ported) -> None:
            bar.rest()
            try:
                show_file(one)
            except BrokenPipeError:
                if not (write or check):
                    raise
                nobody_reads()  # what was asked for is done all the same, and the code tells

        job = command.job(to, ignore or [], compare=for_people, by_cell=sys.stdout.isatty())
        told = tell if for_people else lambda _: None
        report = command.migrate(paths, job, write=write, check=check, tell=told, seen=bar)
    try:
        code = show(report, format_, texts.migrate)
        sys.stdout.flush()
    except BrokenPipeError:
        nobody_reads()
        return int(report.exit_code)  # the work is done, and what came of it is known
    return code
