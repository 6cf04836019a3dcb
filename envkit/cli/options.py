"""Options that several verbs share."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer


class Format(str, Enum):
    """Output format of a report."""

    text = "text"
    json = "json"


def complete_names(context: typer.Context, incomplete: str) -> list[str]:
    """Complete an environment name for the shell; offer nothing if the names cannot be read."""
    from envkit.backends import endpoint
    from envkit.environment import project
    from envkit.errors import EnvkitError

    with suppress(EnvkitError, OSError), endpoint.override(context.params.get("engine") or ""):
        return [name for name in project.environment_names() if name.startswith(incomplete)]
    return []


ProjectOption = Annotated[Path, typer.Option("--project", "-p", metavar="DIR", help="Project folder or a subfolder.")]
NameOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--name", "-n", metavar="NAME", help="Environment name, valid from any folder.", autocompletion=complete_names
    ),
]
NameArgument = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(metavar="NAME", help="Environment name, valid from any folder.", autocompletion=complete_names),
]
EngineOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--engine", metavar="ADDRESS", help="Engine endpoint: unix:///PATH or ssh://[USER@]HOST[:PORT]."),
]
LocalEngineOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--engine", metavar="ADDRESS", help="Local engine endpoint: unix:///PATH."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Hide progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show every line of builds and probes.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Approve new access without a prompt.")]
PullOption = Annotated[bool, typer.Option("--pull", help="Pull the base image again and build on current packages.")]
GpuOption = Annotated[Optional[bool], typer.Option("--gpu/--no-gpu", help="Require a GPU, or disable GPUs.")]  # noqa: UP045
GpusOption = Annotated[Optional[str], typer.Option("--gpus", metavar="N|0,1", help="Number of GPUs, or GPU indexes.")]  # noqa: UP045
CURRENT_FOLDER = Path()
