"""Verb that rewrites code: migrate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import Format, FormatOption, QuietOption
from envkit.cli.output.reports import print_report

if TYPE_CHECKING:
    from envkit.commands.migrate.file_job import FileResult

PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, or folders to search.")]
DEFAULT_RELEASE = "2.9.0"


def migrate(
    paths: PathsArgument,
    write: Annotated[bool, typer.Option("--write", help="Write the changes to the files.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with code 1 if work remains (for CI).")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="RELEASE", help="Target TensorFlow release: 2.9.0 or 2.15.1.")
    ] = DEFAULT_RELEASE,
    ignore: Annotated[
        Optional[list[str]], typer.Option("--ignore", metavar="RULE", help="Id of a rule to disable; repeatable.")  # noqa: UP045
    ] = None,
    quiet: QuietOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Migrate code from standalone Keras to tf.keras. Prints the changes, and notes that need a decision."""
    from envkit.cli.error_handler import discard_stdout
    from envkit.cli.output import messages
    from envkit.cli.output.migrate_diff import print_result as print_file_result
    from envkit.cli.output.progress_bar import ProgressBar
    from envkit.commands import migrate as command

    if write and check:
        raise typer.BadParameter("--write and --check cannot be combined")
    is_text = format_ is Format.text
    with ProgressBar("searching for Keras", quiet=quiet) as progress_bar:

        def print_file(result: FileResult) -> None:
            progress_bar.clear()
            try:
                print_file_result(result)
            except BrokenPipeError:
                if not (write or check):
                    raise
                discard_stdout()  # the work continues, and the exit code reports the result

        job = command.create_job(to, ignore or [], show_diff=is_text, by_cell=sys.stdout.isatty())
        on_result = print_file if is_text else lambda _: None
        report = command.migrate(paths, job, write=write, check=check, on_file=on_result, on_scan=progress_bar)
    try:
        code = print_report(report, format_, messages.migrate)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
        return int(report.exit_code)  # the work is done; only its output is lost
    return code
