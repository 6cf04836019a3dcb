"""`status --check`: apart from the plain list, which stays quick because it needs nothing of this."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import checks, naming
from envkit.backends.docker import client, endpoint, inspect
from envkit.commands import render
from envkit.environment import project
from envkit.errors import EnvkitError
from envkit.model.report import Finding, Progress, Report
from envkit.observe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.backends.docker.client import Engine
    from envkit.commands.status import Environments, Row


def check_drift(environments: Environments, on_progress: Callable[[Progress], None]) -> Report[Environments]:
    """Look at one's own running environments again: whether each is what its config says, and its GPU still there.

    Raises:
        EngineUnavailable: Nothing answers.
    """
    engine_endpoint = endpoint.current_endpoint()
    engine, findings = client.connect(engine_endpoint), list[Finding]()
    for row in environments.rows:
        if row.owner != os.getuid() or row.status != "running":
            continue
        on_progress(Progress("status", f"looking at {row.name} again"))
        findings += [
            replace(finding, data={**finding.data, "environment": row.name}) for finding in _check_row(engine, row)
        ]
    return Report("status", "", environments, tuple(findings), checks.exit_code(findings))


def _check_row(engine: Engine, row: Row) -> Iterator[Finding]:
    try:
        report = render.dry_run(project.load(Path(row.project), {}), yes=True)
        yield _label_finding(row, checks.drift(report.result.descriptions if report.result else ()))
    except EnvkitError as error:
        yield _label_finding(row, checks.drift((), error.message))
    container_name = naming.container(row.owner, row.name)
    if inspect.has_gpus(engine, container_name):
        yield _label_finding(row, checks.gpu_device_nodes(probe.nodes(engine, container_name)))


def _label_finding(row: Row, finding: Finding) -> Finding:
    return replace(finding, detail=f"{row.name}: {finding.detail}")
