"""Preview an `up`: what it would do, without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming, reconcile, ssh_tunnel
from envkit.environment import builder, execute, mounted_files, preflight
from envkit.environment.planning import plan_environment
from envkit.errors import ExitCode
from envkit.fs import files
from envkit.model.report import Report
from envkit.report.dry_run import describe_differences, describe_steps
from envkit.resolve import sticky

if TYPE_CHECKING:
    from envkit.environment.project import Project


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an `up` would do.

    Attributes:
        plan: Plan of the environment.
        image: Reference of the image.
        steps: Names of the steps in order, as in the result of `up`.
        approvals: Access that has not been approved, one sentence each.
        descriptions: The steps in words.
        notes: Choices that differ from what was requested.
        url: JupyterLab's address; empty if it has no port or the engine is remote.
        ssh_port: Loopback port of SSH; 0 if none is published.
    """

    plan: object
    image: str
    steps: tuple[str, ...]
    approvals: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    ssh_port: int = 0


def dry_run(project: Project, *, refresh: bool = False, yes: bool = False) -> Report[DryRun]:
    """Plan an `up` without executing it; the exit code is that of an `up` without a terminal.

    Args:
        project: Project to plan for.
        refresh: Whether to choose port, limits, proxy and base again instead of reusing earlier choices.
        yes: Whether unapproved access is approved.

    Raises:
        EnvkitError: The `up` would fail for this reason.
    """
    backend, state_dir = preflight.connect_engine(project.endpoint), project.state_dir
    if state_dir.folder.exists():
        files.ensure_private_folder(state_dir.folder)
    state = sticky.reset_choices(project.state) if refresh and project.state else project.state
    planning = plan_environment(project, backend, state)
    preflight.check_gpu(planning, backend)
    preflight.check_remote_copy(planning, state)
    approvals = preflight.unapproved_access(planning, state)
    steps = reconcile.up(
        planning.desired,
        planning.actual,
        state,
        files_current=execute.are_files_current(state_dir, planning, state),
        token_exists=mounted_files.has_credentials(state_dir, planning.plan),
    )
    builder.check(planning.plan, backend, steps)
    step_names = tuple(type(step).__name__ for step in steps)
    container = planning.actual.container
    replaced_mounts = planning.actual.replaced_mounts
    reason = describe_differences(planning.desired, container, replaced_mounts) if container else ""
    descriptions = describe_steps(steps, reason)
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
