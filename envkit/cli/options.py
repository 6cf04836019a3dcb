"""Options that several verbs share: one word, one meaning."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer


class Format(str, Enum):
    """How a report is printed."""

    text = "text"
    json = "json"


def complete_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the caller's environments that begin like this, for the shell: it never says why not."""
    from envkit.backends.docker import endpoint
    from envkit.environment import project
    from envkit.errors import EnvkitError

    with suppress(EnvkitError, OSError), endpoint.override(context.params.get("engine") or ""):
        return [name for name in project.environment_names() if name.startswith(incomplete)]
    return []


ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", metavar="DIR", help="The project's folder, or one below it.")
]
NameOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--name", "-n", metavar="NAME", help="An environment by name, from anywhere.", autocompletion=complete_names
    ),
]
NameArgument = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(metavar="[NAME]", help="An environment, from anywhere.", autocompletion=complete_names),
]
EngineOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--engine", metavar="ADDRESS", help="The engine: unix:///PATH or ssh://[USER@]HOST[:PORT]."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the report.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Every line of builds and probes.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree to what lets in more than before.")]
PullOption = Annotated[bool, typer.Option("--pull", help="Bring the base anew, and build on today's packages.")]
GpuOption = Annotated[Optional[bool], typer.Option("--gpu/--no-gpu", help="Insist on a GPU, or use none.")]  # noqa: UP045
GpusOption = Annotated[Optional[str], typer.Option("--gpus", metavar="N|0,1", help="How many GPUs, or which.")]  # noqa: UP045
CURRENT_FOLDER = Path()
