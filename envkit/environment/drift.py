"""Check a running environment for configuration drift and a missing GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import checks, naming
from envkit.environment import dry_run, project
from envkit.errors import EnvkitError
from envkit.observe import memory_kills, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.backends.backend import Backend
    from envkit.model.report import Finding


def check(backend: Backend, name: str, owner: int, folder: str) -> Iterator[Finding]:
    """Yield the findings about one running environment, each labeled with its name.

    Args:
        backend: Backend of the environment.
        name: Name of the environment.
        owner: UID of its owner.
        folder: Path of its project folder.
    """
    yield from (_label(finding, name) for finding in _findings(backend, naming.container(owner, name), folder))


def _findings(backend: Backend, container_name: str, folder: str) -> Iterator[Finding]:
    try:
        report = dry_run.dry_run(project.load(Path(folder), {}), yes=True)
        yield checks.drift(report.result.descriptions if report.result else ())
    except EnvkitError as error:
        yield checks.drift((), error.message)
    if explanation := memory_kills.describe(backend, container_name):
        yield checks.out_of_memory(explanation)
    if backend.has_gpus(container_name):
        yield checks.gpu_device_nodes(probe.nodes(backend, container_name))


def _label(finding: Finding, name: str) -> Finding:
    return replace(finding, detail=f"{name}: {finding.detail}", data={**finding.data, "environment": name})
