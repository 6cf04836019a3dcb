"""`render`: only the artefacts; `--check`: are the ones in a folder current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming, reconcile, ssh_tunnel
from envkit.backends.docker import client
from envkit.environment import builder, execute, mounted_files, preflight
from envkit.environment.planning import plan_environment
from envkit.errors import EngineUnavailable, ExitCode
from envkit.fs import files, safe_tree
from envkit.model.report import Report
from envkit.render import compose
from envkit.report.dry_run import describe_differences, describe_steps
from envkit.resolve import sticky

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.environment.project import Project


@dataclass(frozen=True, slots=True)
class RenderResult:
    """What was rendered.

    Attributes:
        folder: Where it lies.
        files: Paths below it.
        stale: With `--check`, the paths that are missing or differ.
        check_only: Whether files were only compared.
        is_missing: Whether none of them is there.
    """

    folder: str
    files: tuple[str, ...]
    stale: tuple[str, ...] = ()
    check_only: bool = False
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an `up` would do.

    Attributes:
        plan: What was decided.
        image: Reference of the image.
        steps: What would be done, in order, by step as `up` reports what it changed.
        approvals: What would be let in that nobody has agreed to yet, one sentence each.
        descriptions: What would be done, in words.
        notes: What was decided differently from what was asked, as `up` tells it.
        url: Where JupyterLab would answer; empty where it has no port, or the engine is on another machine.
        ssh_port: The port of loopback that SSH would answer at; 0 where none is published.
    """

    plan: object
    image: str
    steps: tuple[str, ...]
    approvals: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    ssh_port: int = 0


def render(project: Project, folder: Path, *, check: bool) -> Report[RenderResult]:
    """Render a project's artefacts into a folder, or compare them with what lies there.

    Raises:
        ConfigError: The config cannot be honoured on this host.
        Refusal: What runs inside can have planted a link on the way.
        OSError: The folder cannot be written.
    """
    planning = plan_environment(project, _connect_engine(project), project.state)
    artifacts = (*planning.context, compose.render(planning.desired))
    contents = {artifact.path: files.read(folder / artifact.path) for artifact in artifacts} if check else {}
    stale = tuple(
        artifact.path for artifact in artifacts if check and contents[artifact.path] != artifact.text.encode()
    )
    paths = tuple(sorted(artifact.path for artifact in artifacts))
    if check:
        code = ExitCode.CHECK_FAILED if stale else ExitCode.OK
        is_missing = all(content is None for content in contents.values())
        result = RenderResult(str(folder), paths, stale, check_only=True, is_missing=is_missing)
        return Report("render", planning.plan.name, result, exit_code=code)
    mounts = planning.plan.run.mounts
    writable_folders = {
        project.folder,
        *(mount.source for mount in mounts if mount.kind == "bind" and not mount.read_only),
    }
    safe_tree.write(folder, artifacts, writable_folders)
    return Report("render", planning.plan.name, RenderResult(str(folder), paths))


def dry_run(project: Project, *, refresh: bool = False, yes: bool = False) -> Report[DryRun]:
    """Say what an `up` would do, and do none of it; the exit code is that of an `up` that can ask nobody.

    Args:
        project: The project.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        yes: Whether what would be let in anew is agreed to.

    Raises:
        EnvkitError: Why it would be refused.
    """
    engine, state_dir = preflight.connect_engine(project.endpoint), project.state_dir
    if state_dir.folder.exists():
        files.ensure_private_folder(state_dir.folder)
    state = sticky.reset_choices(project.state) if refresh and project.state else project.state
    planning = plan_environment(project, engine, state)
    preflight.check_gpu(planning, engine)
    preflight.check_remote_copy(planning, state)
    approvals = preflight.unapproved_access(planning, state)
    steps = reconcile.up(
        planning.desired,
        planning.actual,
        state,
        files_current=execute.are_files_current(state_dir, planning, state),
        token_exists=mounted_files.has_credentials(state_dir, planning.plan),
    )
    builder.check(planning.plan, steps)
    step_names = tuple(type(step).__name__ for step in steps)
    container = planning.actual.container
    descriptions = describe_steps(steps, describe_differences(planning.desired, container) if container else "")
    plan = planning.plan
    port, is_remote = plan.run.host_port(naming.JUPYTER_PORT), ssh_tunnel.is_remote(project.endpoint)
    result = DryRun(
        plan,
        planning.desired.ref,
        step_names,
        approvals,
        descriptions,
        plan.notes,
        f"http://127.0.0.1:{port}/lab" if port and not is_remote else "",
        plan.run.host_port(naming.SSH_PORT),
    )
    code = ExitCode.USAGE if approvals and not yes else ExitCode.OK
    return Report("up", plan.name, result, exit_code=code)


def _connect_engine(project: Project) -> Engine | None:
    # Without an engine there are no networks to step around; everything else is the same.
    try:
        return client.connect(project.endpoint)
    except EngineUnavailable:
        return None
