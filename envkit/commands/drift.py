"""`status --check`: apart from the plain list, which stays quick because it needs nothing of this."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import checks, names
from envkit.commands import project, render
from envkit.engines import connect, endpoint, look
from envkit.errors import EnvkitError
from envkit.model.report import Finding, Progress, Report
from envkit.observe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.commands.status import Environments, Row
    from envkit.engines.connect import Engine


def looked_again(listed: Environments, say: Callable[[Progress], None]) -> Report[Environments]:
    """Look at one's own running environments again: whether each is what its config says, and its GPU still there.

    Raises:
        EngineUnavailable: Nothing answers.
    """
    at = endpoint.endpoint()
    engine, findings = connect.connect(at), list[Finding]()
    for row in listed.rows:
        if row.owner != os.getuid() or row.status != "running":
            continue
        say(Progress("status", f"looking at {row.name} again"))
        findings += [replace(one, data={**one.data, "environment": row.name}) for one in _again(engine, row)]
    return Report("status", "", listed, tuple(findings), checks.exit_code(findings))


def _again(engine: Engine, row: Row) -> Iterator[Finding]:
    try:
        foretold = render.dry_run(project.load(Path(row.project), {}), yes=True)
        yield _of(row, checks.drift(foretold.result.does if foretold.result else ()))
    except EnvkitError as error:
        yield _of(row, checks.drift((), error.message))
    title = names.container(row.owner, row.name)
    if look.has_gpus(engine, title):
        yield _of(row, checks.alive(probe.nodes(engine, title)))


def _of(row: Row, found: Finding) -> Finding:
    return replace(found, seen=f"{row.name}: {found.seen}")
