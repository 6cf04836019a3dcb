"""The verbs that run or show something inside: exec, shell, ssh, logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import CURRENT_FOLDER, NameOption, ProjectOption
from envkit.errors import PreconditionError
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE_BYTES_MAX = 1 << 20


def exec_(context: typer.Context, project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Run a program in the workspace, and pass on its exit code. Usage: envkit exec [OPTIONS] PROGRAM [ARGUMENTS]."""
    from envkit.commands import inside

    if not context.args:
        raise PreconditionError("exec needs a program to run", hint="name one: envkit exec python train.py")
    return inside.execute(inside.find_environment(project, name), context.args)


def shell(project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Open a shell in the workspace."""
    from envkit.commands import inside

    return inside.shell(inside.find_environment(project, name))


def ssh(context: typer.Context, project: ProjectOption = CURRENT_FOLDER, name: NameOption = None) -> int:
    """Log in by SSH, or run a command through it. Usage: envkit ssh [OPTIONS] [COMMAND]."""
    from envkit.commands import inside

    return inside.ssh(inside.find_environment(project, name), context.args)


def ssh_proxy(container: str) -> int:
    """Connect stdin and stdout to a container's SSH server."""
    from envkit.commands import inside

    return inside.ssh_proxy(container)


def logs(
    project: ProjectOption = CURRENT_FOLDER,
    name: NameOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    tail: Annotated[Optional[int], typer.Option("--tail", metavar="N", min=0, help="Only the last lines.")] = None,  # noqa: UP045
) -> int:
    """Print what the environment printed."""
    from envkit.commands import inside
    from envkit.environment import project as projects

    output = inside.logs(projects.find_environment(project, name), lines=tail, follow=follow)
    for chunk in _sanitize_output(output) if sys.stdout.isatty() else output:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _sanitize_output(output: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines in which every character shows itself: what runs inside must not paint our terminal."""
    rest = b""
    for chunk in output:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:  # a line without end must not fill our memory
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield _sanitize_line(line) + b"\n"
    if rest:
        yield _sanitize_line(rest) + b"\n"


def _sanitize_line(line: bytes) -> bytes:
    return escape_controls(line.decode(errors="backslashreplace").removesuffix("\r")).encode(
        sys.stdout.encoding, "replace"
    )
