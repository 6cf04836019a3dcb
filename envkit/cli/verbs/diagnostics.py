"""The verbs that check: doctor, probe, audit, smoke."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import (
    CURRENT_FOLDER,
    Format,
    FormatOption,
    NameArgument,
    NameOption,
    ProjectOption,
    QuietOption,
    VerboseOption,
    complete_names,
)
from envkit.cli.output.reports import ReportFiles, print_report
from envkit.model.report import Report
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from envkit.model.report import Finding

JunitOption = Annotated[
    Optional[Path], typer.Option("--junit", metavar="FILE", help="Write the findings as JUnit XML, too.")  # noqa: UP045
]

HtmlOption = Annotated[
    Optional[Path], typer.Option("--html", metavar="FILE", help="Write a page to look at, too.")  # noqa: UP045
]


def doctor(
    project: ProjectOption = CURRENT_FOLDER,
    gpu: Annotated[bool, typer.Option("--gpu", help="Insist on a GPU.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe, and ask before the rest.")] = False,
    junit: JunitOption = None,
    html: HtmlOption = None,
    format_: FormatOption = Format.text,
) -> int:
    """Look at this host before anything runs on it. Engine, disk, network and driver, and what mends them."""
    from envkit.cli import doctor_fix
    from envkit.cli.output import messages
    from envkit.commands import doctor as command
    from envkit.environment import project as projects

    files = ReportFiles(junit, html)
    files.clear()
    loaded_project = projects.load(project, {})
    report = command.doctor(loaded_project, gpu=gpu, fix=doctor_fix.apply_fix if fix else None)
    return print_report(
        report, format_, messages.doctor, files=files, check_host=report.result.check_host, show_all=True
    )


def probe(
    positional_name: NameArgument = None,
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Insist on a GPU.")] = False,
    watch: Annotated[
        Optional[float], typer.Option("--watch", metavar="SECONDS", min=0.5, help="Go on: tell when the GPU is lost.")  # noqa: UP045
    ] = None,
    junit: JunitOption = None,
    html: HtmlOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Look at GPU and TensorFlow in a running environment. Layer by layer; what fails is named."""
    from envkit.cli.output import messages
    from envkit.cli.output.progress import ProgressPrinter
    from envkit.commands import probe as command
    from envkit.environment import project as projects

    files = ReportFiles(junit, html)
    files.clear()
    environment = projects.find_environment(project, positional_name or name)
    with ProgressPrinter(quiet=quiet, verbose=verbose) as printer:
        report = command.probe(environment, gpu=gpu, on_progress=printer)
    code = print_report(
        report, format_, messages.probe, files=files, check_host=report.result.check_host, show_all=True
    )
    if watch is not None:

        def print_change(finding: Finding) -> None:
            typer.echo(f"{finding.status.value:<8} {finding.check}: {escape_controls(finding.detail)}")

        command.watch(environment, watch, print_change, gpu=gpu)
    return code


def audit(
    positional_name: NameArgument = None,
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    junit: JunitOption = None,
    html: HtmlOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Attack your own environment, and say what happened. From outside and from inside."""
    from envkit.cli.output import messages
    from envkit.cli.output.progress import ProgressPrinter
    from envkit.commands import audit as command
    from envkit.environment import project as projects

    files = ReportFiles(junit, html)
    files.clear()
    environment = projects.find_environment(project, positional_name or name)
    with ProgressPrinter(quiet=quiet, verbose=verbose) as printer:
        report = command.audit(environment, on_progress=printer)
    format_result = partial(messages.audit, listed=verbose)
    return print_report(
        report, format_, format_result, files=files, check_host=report.result.check_host, show_all=verbose
    )


class Expect(str, Enum):
    """What is expected of GPUs."""

    gpu = "gpu"
    cpu = "cpu"
    any = "any"


def smoke(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE|NAME...", help="Images, or running environments.", autocompletion=complete_names),
    ],
    expect: Annotated[Expect, typer.Option("--expect", help="Whether a GPU has to compute.")] = Expect.any,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many at once.")] = 1,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For TensorFlow and training, in each.")
    ] = 300,
    junit: JunitOption = None,
    html: HtmlOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Try images in CI as a developer would. Import, compute, train, save, export."""
    from envkit.cli.output import messages
    from envkit.cli.output.progress import ProgressPrinter
    from envkit.commands import smoke as command

    files = ReportFiles(junit, html)
    files.clear()
    with ProgressPrinter(quiet=quiet, verbose=verbose) as printer:
        report = command.smoke(subjects, expect=expect.value, jobs=jobs, limit_s=timeout, on_progress=printer)
    suites = [
        Report("smoke", result.subject, result, result.findings, result.exit_code) for result in report.result.results
    ]
    return print_report(
        report, format_, messages.smoke, files=files, check_host=report.result.check_host, suites=suites
    )
