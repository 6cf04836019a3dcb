"""The verbs that run or show something inside: exec, shell, ssh, logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from envkit.cli.options import HERE, NameOption, ProjectOption
from envkit.errors import Refusal
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE_BYTES_MAX = 1 << 20


def exec_(context: typer.Context, project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Run a program in the workspace, and pass on its exit code. Usage: envkit exec [OPTIONS] PROGRAM [ARGUMENTS]."""
    from envkit.commands import inside

    if not context.args:
        raise Refusal("exec needs a program to run", mend="name one: envkit exec python train.py")
    return inside.execute(inside.known(project, name), context.args)


def shell(project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Open a shell in the workspace."""
    from envkit.commands import inside

    return inside.shell(inside.known(project, name))


def ssh(context: typer.Context, project: ProjectOption = HERE, name: NameOption = None) -> int:
    """Log in by SSH, or run a command through it. Usage: envkit ssh [OPTIONS] [COMMAND]."""
    from envkit.commands import inside

    return inside.ssh(inside.known(project, name), context.args)


def ssh_proxy(container: str) -> int:
    """Connect stdin and stdout to a container's SSH server."""
    from envkit.commands import inside

    return inside.ssh_proxy(container)


def logs(
    project: ProjectOption = HERE, name: NameOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    tail: Annotated[Optional[int], typer.Option("--tail", metavar="N", min=0, help="Only the last lines.")] = None,  # noqa: UP045
) -> int:
    """Print what the environment printed."""
    from envkit.commands import inside
    from envkit.commands import project as projects

    printed = inside.logs(projects.known(project, name), lines=tail, follow=follow)
    for chunk in _harmless(printed) if sys.stdout.isatty() else printed:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _harmless(printed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines in which every character shows itself: what runs inside must not paint our terminal."""
    rest = b""
    for chunk in printed:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:  # a line without end must not fill our memory
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield _shown(line) + b"\n"
    if rest:
        yield _shown(rest) + b"\n"


def _shown(line: bytes) -> bytes:
    return plain(line.decode(errors="backslashreplace").removesuffix("\r")).encode(sys.stdout.encoding, "replace")
