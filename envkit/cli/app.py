"""The verbs and their options. Each imports what it runs only when it runs."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from envkit.cli.options import (
    HERE,
    Format,
    FormatOption,
    NameOption,
    ProjectOption,
    QuietOption,
    VerboseOption,
    YesOption,
)
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.cli.progress import Teller
    from envkit.model.report import Report

app = typer.Typer(
    name="envkit", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="From a bare machine to a TensorFlow workspace that is running, locked down and proven.",
)
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where; it is made if it is not there.")] = HERE,
    owner: Annotated[Optional[str], typer.Option(metavar="USER", help="Whose it is; root has to say.")] = None,  # noqa: UP045
    example: Annotated[Optional[Path], typer.Option("--from", metavar="DIR", help="Copy a folder's files.")] = None,  # noqa: UP045
    format_: FormatOption = Format.text,
) -> int:
    """Write a commented envkit.yaml."""
    from envkit.cli import texts
    from envkit.commands import init as command

    return _print(command.init(folder, owner=owner, example=example), format_, texts.init)


@app.command()
def up(
    project: ProjectOption = HERE,
    name: Annotated[Optional[str], typer.Option("--name", "-n", help="Name of the environment.")] = None,  # noqa: UP045
    gpu: Annotated[Optional[bool], typer.Option("--gpu/--no-gpu", help="Insist on a GPU, or use none.")] = None,  # noqa: UP045
    gpus: Annotated[Optional[str], typer.Option(metavar="N|0,1", help="How many GPUs, or which.")] = None,  # noqa: UP045
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: YesOption = False, quiet: QuietOption = False, verbose: VerboseOption = False,
    format_: FormatOption = Format.text,
) -> int:
    """Bring the project's environment up, and prove it. Nothing changed means nothing done."""
    from envkit.cli import texts
    from envkit.commands import project as projects

    loaded = projects.load(project, _flags(name=name, gpu=_gpu(gpu, gpus)))
    if dry_run:
        from envkit.commands import render as renders

        return _print(renders.dry_run(loaded), format_, texts.dry_run)
    from envkit.commands import up as command

    with _teller(quiet, verbose) as say:
        report = command.up(loaded, say=say, ask=_ask(say, yes=yes))
    return _print(report, format_, texts.up)


@app.command()
def build(
    project: ProjectOption = HERE, yes: YesOption = False, quiet: QuietOption = False,
    verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Only build the image."""
    from envkit.cli import texts
    from envkit.commands import project as projects
    from envkit.commands import up as command

    loaded = projects.load(project, {})
    with _teller(quiet, verbose) as say:
        report = command.up(loaded, say=say, ask=_ask(say, yes=yes), build_only=True)
    return _print(report, format_, texts.build)


@app.command()
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

    return _print(command.render(projects.load(project, {}), output, check=check), format_, texts.render)


@app.command()
def down(
    project: ProjectOption = HERE, name: NameOption = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Its volumes, token and keys too.")] = False,
    quiet: QuietOption = False, verbose: VerboseOption = False, format_: FormatOption = Format.text,
) -> int:
    """Take the environment away; the workspace stays, and so do volumes unless told otherwise."""
    from envkit.cli import texts
    from envkit.commands import down as command
    from envkit.commands import project as projects

    known = projects.known(project, name)
    with _teller(quiet, verbose) as say:
        report = command.down(known, volumes=volumes, say=say)
    return _print(report, format_, texts.down)


@app.command()
def status(
    name: NameOption = None,
    everybody: Annotated[bool, typer.Option("--all", "-a", help="Everybody's, not only yours.")] = False,
    format_: FormatOption = Format.text,
) -> int:
    """List your environments."""
    from envkit.cli import texts
    from envkit.commands import status as command

    return _print(command.status(everybody=everybody, name=name), format_, texts.status)


@app.command()
def logs(
    project: ProjectOption = HERE, name: NameOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    tail: Annotated[Optional[int], typer.Option("--tail", metavar="N", min=0, help="Only the last lines.")] = None,  # noqa: UP045
) -> int:
    """Print what the environment printed."""
    from envkit.commands import inside
    from envkit.commands import project as projects

    for chunk in inside.logs(projects.known(project, name), lines=tail, follow=follow):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


@app.command("exec", context_settings=PASSED_ON)
def exec_(context: typer.Context, project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Run a program in the workspace: envkit exec [OPTIONS] PROGRAM [ARGUMENTS]. Its exit code is passed on."""
    from envkit.commands import inside
    from envkit.commands import project as projects

    if not context.args:
        raise typer.BadParameter("name a program to run: envkit exec python train.py")
    return inside.execute(projects.known(project, name), context.args)


@app.command()
def shell(project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Open a shell in the workspace."""
    from envkit.commands import inside
    from envkit.commands import project as projects

    return inside.shell(projects.known(project, name))


@app.command("open")
def open_(project: ProjectOption = HERE, name: NameOption = None, format_: FormatOption = Format.text) -> int:
    """Open JupyterLab in the browser, logged in."""
    from envkit.cli import texts
    from envkit.commands import access
    from envkit.commands import project as projects

    return _print(access.open_(projects.known(project, name)), format_, texts.opened)


@app.command()
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


@app.command(context_settings=PASSED_ON)
def ssh(context: typer.Context, project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Log in by SSH, or run a command through it: envkit ssh [OPTIONS] [COMMAND]."""
    from envkit.commands import inside
    from envkit.commands import project as projects

    return inside.ssh(projects.known(project, name), context.args)


@app.command("ssh-config")
def ssh_config(
    project: ProjectOption = HERE, name: NameOption = None,
    install: Annotated[bool, typer.Option("--install", help="Include it from ~/.ssh/config.")] = False,
) -> int:
    """Print the SSH host entry that VS Code, PyCharm, scp and rsync use."""
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


@app.command("ssh-proxy", hidden=True)
def ssh_proxy(container: str) -> int:
    """Connect stdin and stdout to a container's SSH server."""
    from envkit.commands import inside

    return inside.ssh_proxy(container)


@app.command()
def prune(format_: FormatOption = Format.text) -> int:
    """Remove what envkit made and nobody uses."""
    from envkit.cli import texts
    from envkit.commands import prune as command

    return _print(command.prune(), format_, texts.prune)


@app.command()
def schema() -> int:
    """Print the JSON Schema of envkit.yaml."""
    import json

    from envkit import config

    typer.echo(json.dumps(config.schema(), indent=2, sort_keys=True))
    return 0


@app.command()
def version() -> int:
    """Print envkit's version."""
    from envkit import __version__

    typer.echo(f"envkit {__version__}")
    return 0


def _flags(**given: object) -> dict[str, object]:
    return {key: value for key, value in given.items() if value is not None}


def _gpu(gpu: bool | None, gpus: str | None) -> object:
    if gpus is None:
        return None if gpu is None else ("on" if gpu else "off")
    if gpu is False:
        raise typer.BadParameter("--no-gpu and --gpus contradict each other")
    parts = gpus.split(",")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise typer.BadParameter(f"--gpus takes a count or device numbers such as 0,1, not {gpus!r}")
    return int(gpus) if len(parts) == 1 else [int(part) for part in parts]


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
            typer.echo(f"  - {entry}", err=True)
        return typer.confirm("Agree?", default=False, err=True)

    return ask


def _print(report: Report[Any], format_: Format, text: Callable[[Any], str]) -> int:
    if format_ is Format.json:
        from envkit.report.json import to_json

        typer.echo(to_json(report))
    else:
        from envkit.report.text import render_text

        # People are told what is wrong; what is well stands in one line of the result.
        troubles = tuple(one for one in report.findings if one.status not in {Verdict.PASSED, Verdict.SKIPPED})
        shown = replace(report, findings=troubles)
        width = shutil.get_terminal_size((100, 24)).columns
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        results = {report.command: text}
        typer.echo(render_text(shown, results=results, width=width, color=color), nl=False)
    return int(report.exit_code)
