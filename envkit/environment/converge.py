"""Converge an environment: run the reconcile loop, wait until it answers, verify it, report its addresses."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from envkit import credentials, naming, reconcile, ssh_tunnel, state
from envkit.environment import execute, last_applied, mount_access, mounted_files, preflight
from envkit.environment.reconcile_loop import ReconcileLoop
from envkit.environment.results import BuildResult, UpResult
from envkit.fs import files
from envkit.model.report import Finding, Progress, Report
from envkit.render import ssh_config
from envkit.resolve import host_query, sticky

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.environment.planning import PlanningResult
    from envkit.environment.project import Project
    from envkit.environment.reconcile_loop import ApproveCallback, ProgressCallback
    from envkit.model.facts import HostQuery
    from envkit.model.step import Steps

T = TypeVar("T")
# Like `python -m envkit`, but without the working folder on the module path: a workspace is hostile.
SSH_PROXY_CODE = "import sys; sys.path[:] = filter(None, sys.path); from envkit.cli.main import main; main()"


def up(
    project: Project,
    *,
    on_progress: ProgressCallback,
    approve: ApproveCallback,
    refresh: bool = False,
    pull: bool = False,
) -> tuple[Report[UpResult], dict[str, str]]:
    """Converge a project's environment to its configuration; return the report and the container's labels.

    Args:
        project: Project to bring up.
        on_progress: Callback for progress.
        approve: Function that is shown unapproved access and returns whether it is approved.
        refresh: Whether to choose port, limits, proxy and base again instead of reusing earlier choices.
        pull: Whether to pull the base first, to build on current packages.

    Raises:
        EnvkitError: A step failed; existing resources are kept.
    """

    def run(loop: ReconcileLoop) -> tuple[Report[UpResult], dict[str, str]]:
        if refresh and loop.state is not None:
            loop.state = sticky.reset_choices(loop.state)
        planning = loop.run(lambda result: _steps(loop, result), pull=pull)
        last_applied.save(loop.project.state_dir, planning, loop.backend, loop.changes)
        _write_ssh_entry(loop, planning)
        _forward_port(loop, planning)
        return _verify(loop, planning), naming.container_labels(planning.plan, planning.desired.digests)

    return _run_locked(project, on_progress, approve, run)


def build(
    project: Project, *, on_progress: ProgressCallback, approve: ApproveCallback, pull: bool = False
) -> Report[BuildResult]:
    """Build a project's image only; `pull` pulls the base first.

    Raises:
        EnvkitError: The image could not be built.
    """

    def run(loop: ReconcileLoop) -> Report[BuildResult]:
        planning = loop.run(
            lambda result: reconcile.image_only(result.desired, result.actual), run_container=False, pull=pull
        )
        plan = planning.plan
        return Report("build", plan.name, BuildResult(plan.name, planning.desired.ref, tuple(loop.changes), plan.notes))

    return _run_locked(project, on_progress, approve, run)


def build_host_query(project: Project) -> HostQuery:
    """Return the host facts that a project's configuration needs."""
    return host_query(project.config, project.folder, str(project.state_dir.folder))


def _run_locked(
    project: Project, on_progress: ProgressCallback, approve: ApproveCallback, operation: Callable[[ReconcileLoop], T]
) -> T:
    backend = preflight.connect_engine(project.endpoint)
    is_new = not project.state_dir.folder.exists()
    with state.locked(project.state_dir, lambda: on_progress(Progress("wait", "waiting for another envkit command"))):
        try:
            credentials.ensure_client_key(project.state_dir)
            saved_project = replace(project, state=state.load(project.state_dir))
            return operation(ReconcileLoop(saved_project, backend, on_progress, approve))
        except BaseException:
            # A first `up` that was refused leaves no state; one that has started leaves state to continue from.
            if is_new and files.read(project.state_dir.folder / state.STATE_FILE) is None:
                state.forget(project.state_dir)
            raise


def _steps(loop: ReconcileLoop, planning: PlanningResult) -> Steps:
    state_dir = loop.project.state_dir
    return reconcile.up(
        planning.desired,
        planning.actual,
        loop.state,
        files_current=execute.are_files_current(state_dir, planning, loop.state),
        token_exists=mounted_files.has_credentials(state_dir, planning.plan),
    )


def _write_ssh_entry(loop: ReconcileLoop, planning: PlanningResult) -> None:
    """Write the SSH host entry; it contains the path of this envkit, which may have moved."""
    state_dir, plan = loop.project.state_dir, planning.plan
    # With the endpoint: the current engine may be another one at login.
    docker_host = f"DOCKER_HOST={loop.backend.endpoint}"
    proxy_command = ["env", docker_host, sys.executable, "-c", SSH_PROXY_CODE, "ssh-proxy", plan.run.name]
    port, agent = plan.run.host_port(naming.SSH_PORT), plan.run.ssh.agent
    entry = ssh_config.render(plan.name, plan.run.name, str(state_dir.client), proxy_command, port=port, agent=agent)
    if files.read(state_dir.client / entry.path) != entry.text.encode():
        files.write(state_dir.client / entry.path, entry.text.encode(), mode=entry.mode)


def _forward_port(loop: ReconcileLoop, planning: PlanningResult) -> None:
    """Forward a local port to a remote engine."""
    engine_port, endpoint = planning.plan.run.host_port(naming.JUPYTER_PORT), loop.backend.endpoint
    if engine_port and ssh_tunnel.is_remote(endpoint):
        from envkit.environment.remote import ports

        port_forwards = ports.forward(
            endpoint, loop.saved_state.forwarded, engine_port, loop.project.config.jupyter.port
        )
        loop.save(replace(loop.saved_state, forwarded=port_forwards))


def _verify(loop: ReconcileLoop, planning: PlanningResult) -> Report[UpResult]:
    """Wait until the container answers, and verify it if it changed or has not been verified."""
    # Imported while the container starts: earlier imports would delay its start.
    from envkit import checks
    from envkit.environment import verify

    verification = verify.Verification(
        loop.project.state_dir, loop.backend, planning.plan, loop.saved_state.forwarded, loop.on_progress
    )
    if loop.changes:
        loop.on_progress(Progress("wait", "waiting for JupyterLab"))
    verification.wait()
    notes = _sync(loop)
    choices = sticky.choices_to_save(planning.facts, build_host_query(loop.project))
    loop.save(replace(loop.saved_state, choices={**loop.saved_state.choices, **choices}))
    findings: tuple[Finding, ...] = ()
    if loop.changes or not loop.saved_state.proven:
        findings = verification.verify(planning.facts.gpu)
    code = checks.exit_code(findings)
    if findings:
        loop.save(replace(loop.saved_state, verdict=checks.summarize(findings), proven=not code))
    result = _build_result(loop, planning, verification.port)
    return Report("up", planning.plan.name, replace(result, notes=result.notes + notes), findings, code)


def _sync(loop: ReconcileLoop) -> tuple[str, ...]:
    """Sync the workspace if it is a copy; return notes for the user."""
    if loop.backend.capabilities.binds:
        return ()
    from envkit.environment.remote import sync

    environment = sync.project_environment(loop.project, loop.saved_state)
    return sync.notes(sync.sync(environment, loop.backend, on_progress=loop.on_progress))


def _build_result(loop: ReconcileLoop, planning: PlanningResult, port: int) -> UpResult:
    plan = planning.plan
    base_url = f"http://127.0.0.1:{port}" if port else ""
    return UpResult(
        name=plan.name,
        url=base_url and f"{base_url}/lab",
        ssh_host=plan.run.name,
        tensorboard=base_url and f"{base_url}/tensorboard/",
        workspace=planning.facts.workspace,
        verdict=loop.saved_state.verdict,
        changed=tuple(loop.changes),
        notes=(*plan.notes, *(mount_access.notes(plan.run) if loop.backend.capabilities.binds else ())),
        ssh_port=plan.run.host_port(naming.SSH_PORT),
    )
