"""Verbs that check: doctor, probe, audit, smoke, explain."""

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
    Optional[Path], typer.Option("--junit", metavar="FILE", help="Write the findings as JUnit XML.")  # noqa: UP045
]

HtmlOption = Annotated[
    Optional[Path], typer.Option("--html", metavar="FILE", help="Write the report as an HTML page.")  # noqa: UP045
]


def doctor(
    project: ProjectOption = CURRENT_FOLDER,
    gpu: Annotated[bool, typer.Option("--gpu", help="Require a GPU.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes; ask before each other fix.")] = False,
    junit: JunitOption = None,
    html: HtmlOption = None,
    format_: FormatOption = Format.text,
) -> int:
    """Check this host: engine, disk, network and GPU driver. Prints a hint for each problem."""
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
    gpu: Annotated[bool, typer.Option("--gpu", help="Require a GPU.")] = False,
    watch: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            "--watch", metavar="SECONDS", min=0.5, help="Repeat the probe at an interval and report a lost GPU."
        ),
    ] = None,
    junit: JunitOption = None,
    html: HtmlOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Probe GPU and TensorFlow in a running environment. Names the layer that fails."""
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
    """Attack a running environment and report the results. Attacks come from outside and inside the container."""
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
    """Expected GPU use."""

    gpu = "gpu"
    cpu = "cpu"
    any = "any"


def smoke(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE|NAME", help="Images or running environments.", autocompletion=complete_names),
    ],
    expect: Annotated[Expect, typer.Option("--expect", help="Require, forbid or allow GPU use.")] = Expect.any,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Number of parallel jobs.")] = 1,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=1, help="Time limit for TensorFlow and training per subject."),
    ] = 300,
    junit: JunitOption = None,
    html: HtmlOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Test images in CI: import, compute, train, save, export."""
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


def explain(
    source: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Log or JSON report of envkit; - reads from stdin.")
    ] = "-",
    format_: FormatOption = Format.text,
) -> int:
    """Explain an error, a log or a saved report. Names layer, cause and hint; needs no engine."""
    from envkit.cli.output import messages
    from envkit.commands import explain as command

    return print_report(command.explain(source), format_, messages.explain)
