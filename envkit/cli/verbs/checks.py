"""The verbs that check: doctor, probe, audit, smoke."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import (
    HERE,
    Format,
    FormatOption,
    NameArgument,
    NameOption,
    ProjectOption,
    QuietOption,
    VerboseOption,
    names,
)
from envkit.cli.printing import Files, show
from envkit.model.report import Report
from envkit.plain import plain

if TYPE_CHECKING:
    from envkit.model.report import Finding

JunitOption = Annotated[
    Optional[Path], typer.Option("--junit", metavar="FILE", help="Write the findings as JUnit XML, too.")  # noqa: UP045
]

HtmlOption = Annotated[
    Optional[Path], typer.Option("--html", metavar="FILE", help="Write a page to look at, too.")  # noqa: UP045
]


def doctor(
    project: ProjectOption = HERE,
    gpu: Annotated[bool, typer.Option("--gpu", help="Insist on a GPU.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe, and ask before the rest.")] = False,
    junit: JunitOption = None, html: HtmlOption = None, format_: FormatOption = Format.text,
) -> int:
    """Look at this host before anything runs on it. Engine, disk, network and driver, and what mends them."""
    from envkit.cli import fixing, texts
    from envkit.commands import doctor as command
    from envkit.commands import project as projects

    files = Files(junit, html)
    files.clear()
    loaded = projects.load(project, {})
    report = command.doctor(loaded, gpu=gpu, fix=fixing.fix if fix else None)
    return show(report, format_, texts.doctor, files=files, site=report.result.site, whole=True)


def probe(
    which: NameArgument = None,
    project: ProjectOption = HERE, name: NameOption = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Insist on a GPU.")] = False,
    watch: Annotated[
        Optional[float], typer.Option("--watch", metavar="SECONDS", min=0.5, help="Go on: tell when the GPU is lost.")  # noqa: UP045
    ] = None,
    junit: JunitOption = None, html: HtmlOption = None, quiet: QuietOption = False, verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Look at GPU and TensorFlow in a running environment. Layer by layer; what fails is named."""
    from envkit.cli import texts
    from envkit.cli.progress import Teller
    from envkit.commands import probe as command
    from envkit.commands import project as projects

    files = Files(junit, html)
    files.clear()
    known = projects.known(project, which or name)
    with Teller(quiet=quiet, verbose=verbose) as say:
        report = command.probe(known, gpu=gpu, say=say)
    code = show(report, format_, texts.probe, files=files, site=report.result.site, whole=True)
    if watch is not None:

        def tell(one: Finding) -> None:
            typer.echo(f"{one.status.value:<8} {one.check}: {plain(one.seen)}")

        command.watch(known, watch, tell, gpu=gpu)
    return code


def audit(
    which: NameArgument = None,
    project: ProjectOption = HERE, name: NameOption = None, junit: JunitOption = None, html: HtmlOption = None,
    quiet: QuietOption = False, verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Attack your own environment, and say what happened. From outside and from inside."""
    from envkit.cli import texts
    from envkit.cli.progress import Teller
    from envkit.commands import audit as command
    from envkit.commands import project as projects

    files = Files(junit, html)
    files.clear()
    known = projects.known(project, which or name)
    with Teller(quiet=quiet, verbose=verbose) as say:
        report = command.audit(known, say=say)
    text = partial(texts.audit, listed=verbose)
    return show(report, format_, text, files=files, site=report.result.site, whole=verbose)


class Expect(str, Enum):
    """What is expected of GPUs."""

    gpu = "gpu"
    cpu = "cpu"
    any = "any"


def smoke(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE|NAME...", help="Images, or running environments.", autocompletion=names),
    ],
    expect: Annotated[Expect, typer.Option("--expect", help="Whether a GPU has to compute.")] = Expect.any,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many at once.")] = 1,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For TensorFlow and training, in each.")
    ] = 300,
    junit: JunitOption = None, html: HtmlOption = None, quiet: QuietOption = False, verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Try images in CI as a developer would. Import, compute, train, save, export."""
    from envkit.cli import texts
    from envkit.cli.progress import Teller
    from envkit.commands import smoke as command

    files = Files(junit, html)
    files.clear()
    with Teller(quiet=quiet, verbose=verbose) as say:
        report = command.smoke(subjects, expect=expect.value, jobs=jobs, limit_s=timeout, say=say)
    suites = [Report("smoke", one.subject, one, one.findings, one.exit_code) for one in report.result.tried]
    return show(report, format_, texts.smoke, files=files, site=report.result.site, suites=suites)
