"""`render`: only the artefacts; `--check`: are the ones in a folder current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import decide, files, names, tunnel
from envkit.commands import apply, builders, mounted, refusals, written
from envkit.commands.survey import survey
from envkit.engines import connect
from envkit.errors import EngineUnavailable, Exit
from envkit.model.report import Report
from envkit.render import compose
from envkit.report.steps import different, sentences
from envkit.resolve import kept

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.commands.project import Project
    from envkit.engines.connect import Engine


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was rendered.

    Attributes:
        folder: Where it lies.
        files: Paths below it.
        stale: With `--check`, the paths that are missing or differ.
        checked: Whether files were only compared.
        absent: Whether none of them is there.
    """

    folder: str
    files: tuple[str, ...]
    stale: tuple[str, ...] = ()
    checked: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an `up` would do.

    Attributes:
        plan: What was decided.
        image: Reference of the image.
        steps: What would be done, in order, by step as `up` reports what it changed.
        asks: What would be let in that nobody has agreed to yet, one sentence each.
        does: What would be done, in words.
        remarks: What was decided differently from what was asked, as `up` tells it.
        url: Where JupyterLab would answer; empty where it has no port, or the engine is on another machine.
        ssh_port: The port of loopback that SSH would answer at; 0 where none is published.
    """

    plan: object
    image: str
    steps: tuple[str, ...]
    asks: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    url: str = ""
    ssh_port: int = 0


def render(project: Project, folder: Path, *, check: bool) -> Report[Rendered]:
    """Render a project's artefacts into a folder, or compare them with what lies there.

    Raises:
        ConfigError: The config cannot be honoured on this host.
        Refusal: What runs inside can have planted a link on the way.
        OSError: The folder cannot be written.
    """
    surveyed = survey(project, _engine(project), project.state)
    artifacts = (*surveyed.context, compose.render(surveyed.wanted))
    there = {one.path: files.read(folder / one.path) for one in artifacts} if check else {}
    stale = tuple(one.path for one in artifacts if check and there[one.path] != one.text.encode())
    paths = tuple(sorted(one.path for one in artifacts))
    if check:
        code = Exit.CHECK_FAILED if stale else Exit.OK
        absent = all(content is None for content in there.values())
        told = Rendered(str(folder), paths, stale, checked=True, absent=absent)
        return Report("render", surveyed.plan.name, told, exit_code=code)
    mounts = surveyed.plan.run.mounts
    writable = {project.folder, *(one.source for one in mounts if one.kind == "bind" and not one.read_only)}
    written.write(folder, artifacts, writable)
    return Report("render", surveyed.plan.name, Rendered(str(folder), paths))


def dry_run(project: Project, *, refresh: bool = False, yes: bool = False) -> Report[DryRun]:
    """Say what an `up` would do, and do none of it; the exit code is that of an `up` that can ask nobody.

    Args:
        project: The project.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        yes: Whether what would be let in anew is agreed to.

    Raises:
        EnvkitError: Why it would be refused.
    """
    engine, place = refusals.served(project.endpoint), project.place
    if place.folder.exists():
        files.private_folder(place.folder)
    remembered = kept.refreshed(project.state) if refresh and project.state else project.state
    surveyed = survey(project, engine, remembered)
    refusals.no_gpu(surveyed, engine)
    refusals.other_copy(surveyed, remembered)
    asks = refusals.unapproved(surveyed, remembered)
    steps = decide.up(
        surveyed.wanted, surveyed.found, remembered,
        files_current=apply.files_current(place, surveyed, remembered),
        token_kept=mounted.token_kept(place, surveyed.plan),
    )
    builders.refuse(surveyed.plan, steps)
    done = tuple(type(one).__name__ for one in steps)
    found = surveyed.found.container
    does = sentences(steps, different(surveyed.wanted, found) if found else "")
    plan = surveyed.plan
    port, abroad = plan.run.published(names.JUPYTER_PORT), tunnel.is_remote(project.endpoint)
    foretold = DryRun(
        plan, surveyed.wanted.ref, done, asks, does, plan.remarks,
        f"http://127.0.0.1:{port}/lab" if port and not abroad else "", plan.run.published(names.SSH_PORT),
    )
    code = Exit.REFUSED if asks and not yes else Exit.OK
    return Report("up", plan.name, foretold, exit_code=code)


def _engine(project: Project) -> Engine | None:
    # Without an engine there are no networks to step around; everything else is the same.
    try:
        return connect.connect(project.endpoint)
    except EngineUnavailable:
        return None
