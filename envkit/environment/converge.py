"""Converge an environment: plan, execute the steps, wait until it answers, verify it, report its addresses."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from envkit import credentials, naming, reconcile, ssh_tunnel, state
from envkit.concurrency import submit
from envkit.environment import builder, execute, mounted_files, preflight
from envkit.environment.planning import plan_environment, update_state
from envkit.environment.results import BuildResult, UpResult
from envkit.errors import PortTaken, PreconditionError, StartFailed, SubnetTaken
from envkit.fs import files, locks
from envkit.model import step
from envkit.model.report import Finding, Progress, Report
from envkit.render import ssh_config
from envkit.resolve import base_access, host_query, sticky, unapproved_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.environment.project import Project
    from envkit.model.facts import HostQuery
    from envkit.model.plan import Access
    from envkit.model.run import RunPlan
    from envkit.model.state import State
    from envkit.model.step import Steps

    ProgressCallback = Callable[[Progress], None]
    ApproveCallback = Callable[[tuple[str, ...]], bool]

T = TypeVar("T")
# Like `python -m envkit`, but without the working folder on the module path: a workspace is hostile.
SSH_PROXY_CODE = "import sys; sys.path[:] = filter(None, sys.path); from envkit.cli.main import main; main()"
MAX_ROUNDS = 8  # base, image, a few taken ports; more means that another process keeps changing things
INDEPENDENT_STEPS = (
    step.MakeBase,
    step.BuildImage,
    step.CreateNetwork,
    step.CreateVolume,
)  # they do not change a running container


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
    return _run_locked(project, on_progress, approve, lambda convergence: convergence.up(refresh=refresh, pull=pull))


def build(
    project: Project, *, on_progress: ProgressCallback, approve: ApproveCallback, pull: bool = False
) -> Report[BuildResult]:
    """Build a project's image only; `pull` pulls the base first.

    Raises:
        EnvkitError: The image could not be built.
    """
    return _run_locked(project, on_progress, approve, lambda convergence: convergence.build(pull=pull))


def build_host_query(project: Project) -> HostQuery:
    """Return the host facts that a project's configuration needs."""
    return host_query(project.config, project.folder, str(project.state_dir.folder))


def _run_locked(
    project: Project, on_progress: ProgressCallback, approve: ApproveCallback, operation: Callable[[_Convergence], T]
) -> T:
    backend = preflight.connect_engine(project.endpoint)
    is_new = not project.state_dir.folder.exists()
    with locks.hold(
        project.state_dir.lock, lambda: on_progress(Progress("wait", "waiting for another envkit command"))
    ):
        try:
            credentials.ensure_client_key(project.state_dir)
            return operation(
                _Convergence(replace(project, state=state.load(project.state_dir)), backend, on_progress, approve)
            )
        except BaseException:
            # A first `up` that was refused leaves no state; one that has started leaves state to continue from.
            if is_new and files.read(project.state_dir.folder / state.STATE_FILE) is None:
                state.forget(project.state_dir)
            raise


class _Convergence:
    """One run of `up` or `build`, from the actual to the desired state."""

    def __init__(
        self, project: Project, backend: Backend, on_progress: ProgressCallback, approve: ApproveCallback
    ) -> None:
        self.project, self.backend, self.on_progress, self.approve = project, backend, on_progress, approve
        self.state = project.state
        self.changes: list[str] = []
        self.excluded_ports: set[int] = set()
        self.approved_entries: tuple[str, ...] = ()

    def up(self, *, refresh: bool, pull: bool) -> tuple[Report[UpResult], dict[str, str]]:
        if refresh and self.state is not None:
            self.state = sticky.reset_choices(self.state)
        planning = self._converge(self._plan_up, pull=pull)
        self._write_ssh_entry(planning)
        self._forward_port(planning.plan.run)
        return self._verify(planning), naming.container_labels(planning.plan, planning.desired.digests)

    def _verify(self, planning: PlanningResult) -> Report[UpResult]:
        """Wait until the container answers, and verify it if it changed or has not been verified."""
        # Imported while the container starts: earlier imports would delay its start.
        from envkit import checks
        from envkit.environment import verify

        verification = verify.Verification(
            self.project.state_dir, self.backend, planning.plan, self._state.forwarded, self.on_progress
        )
        if self.changes:
            self.on_progress(Progress("wait", "waiting for JupyterLab"))
        verification.wait()
        notes = self._sync()
        choices = sticky.choices_to_save(planning.facts, build_host_query(self.project))
        self._save(replace(self._state, choices={**self._state.choices, **choices}))
        findings: tuple[Finding, ...] = ()
        if self.changes or not self._state.proven:
            findings = verification.verify(planning.facts.gpu)
        code = checks.exit_code(findings)
        if findings:
            self._save(replace(self._state, verdict=checks.summarize(findings), proven=not code))
        result = self._build_result(planning, self._state.verdict, verification.port)
        return Report("up", planning.plan.name, replace(result, notes=result.notes + notes), findings, code)

    def build(self, *, pull: bool) -> Report[BuildResult]:
        planning = self._converge(
            lambda result: reconcile.image_only(result.desired, result.actual), run_container=False, pull=pull
        )
        plan = planning.plan
        return Report("build", plan.name, BuildResult(plan.name, planning.desired.ref, tuple(self.changes), plan.notes))

    @property
    def _state(self) -> State:
        assert self.state is not None  # noqa: S101 - set by the first round of `_converge`
        return self.state

    def _save(self, new_state: State) -> None:
        if new_state != self.state:
            state.save(self.project.state_dir, new_state)
            self.state = new_state

    def _converge(
        self, plan_steps: Callable[[PlanningResult], Steps], *, run_container: bool = True, pull: bool = False
    ) -> PlanningResult:
        self._require_approval(base_access(self.project.config))
        rebuild = False
        for _ in range(MAX_ROUNDS):
            planning = plan_environment(
                self.project, self.backend, self.state, avoid_ports=self.excluded_ports, on_progress=self.on_progress
            )
            if run_container:  # an image for a GPU can be built without one
                preflight.check_gpu(planning, self.backend)
                preflight.check_remote_copy(planning, self.state)
            self._approve_plan(planning)
            if pull:
                pull, rebuild = False, True
                self.state = execute.refresh_base(
                    planning, self.backend, self.project.state_dir, self._state, self.on_progress
                )
                continue
            steps = plan_steps(planning)
            if rebuild:
                steps = reconcile.rebuild(planning.desired, planning.actual, steps, recreate=run_container)
            if not steps:
                return planning
            builder.check(planning.plan, self.backend, steps)
            execute.write_artifacts(self.project.state_dir, planning)
            self._execute_steps(steps, planning)
            if rebuild:
                rebuild = False
                self._remove_replaced_image(planning)
        raise StartFailed(
            "the environment does not converge: another process keeps changing it",
            code="not-converging",
            hint="envkit status",
        )

    def _remove_replaced_image(self, planning: PlanningResult) -> None:
        """Remove the old image whose name the new one took, unless a container uses it."""
        old, new = planning.actual.image, self.backend.image(planning.desired.ref)
        if old and new and old.id != new.id:
            self.backend.remove_image(old.id)

    def _approve_plan(self, planning: PlanningResult) -> None:
        """Require approval of the plan's access, and save it with the choices of the plan."""
        self._require_approval(planning.plan.access)
        named_by_folder = self.project.config.name is None
        new_state = replace(update_state(planning, self.state, named_by_folder), approved=planning.plan.access.entries)
        self._save(new_state)

    def _require_approval(self, access: Access) -> None:
        """Request approval of access that has not been approved, once per run."""
        saved_entries = self.state.approved if self.state else None
        new_entries = unapproved_entries(access, (*(saved_entries or ()), *self.approved_entries))
        if new_entries and not self.approve(new_entries):
            raise preflight.approval_error(new_entries)
        self.approved_entries += new_entries

    def _plan_up(self, planning: PlanningResult) -> Steps:
        state_dir = self.project.state_dir
        return reconcile.up(
            planning.desired,
            planning.actual,
            self.state,
            files_current=execute.are_files_current(state_dir, planning, self.state),
            token_exists=mounted_files.has_credentials(state_dir, planning.plan),
        )

    def _execute_steps(self, steps: Steps, planning: PlanningResult) -> None:
        network_future: Future[State] | None = None
        completed_steps: list[step.Step] = []
        try:
            for action in steps:
                if not isinstance(action, INDEPENDENT_STEPS):  # any other step invalidates the last verification
                    self._save(replace(self._state, proven=False, verdict=""))
                if isinstance(action, step.CreateNetwork):  # slow on the engine, and only the container needs it
                    network_future = submit(partial(self._execute_step, action, planning))
                else:
                    if network_future and isinstance(action, step.CreateContainer):
                        network_future.result()
                    self.state = self._execute_step(action, planning)
                completed_steps.append(action)
            if network_future:
                network_future.result()
        except SubnetTaken:
            completed_steps = [action for action in completed_steps if not isinstance(action, step.CreateNetwork)]
            self._save(replace(self._state, subnet=""))
        except PortTaken as error:
            self._exclude_ports(error, planning.plan.run)
        self.changes += [type(action).__name__ for action in completed_steps]

    def _execute_step(self, action: step.Step, planning: PlanningResult) -> State:
        return execute.execute_steps(
            (action,), planning, self.backend, self.project.state_dir, self._state, self.on_progress
        )

    def _exclude_ports(self, error: PortTaken, run: RunPlan) -> None:
        """Exclude a port that was taken, so that the next round picks another."""
        config = self.project.config
        config_keys = {config.jupyter.port: "jupyter.port", config.ssh.port: "ssh.port"}
        taken_ports = [port.host for port in run.ports if error.port in {0, port.host}]
        for port in taken_ports:
            if port in config_keys:
                raise PreconditionError(
                    f"{config_keys[port]}: port {port} was taken by another process while the container started",
                    code="port-taken",
                    hint="free the port, choose another, or remove the key",
                ) from error
        self.excluded_ports.update(taken_ports)

    def _write_ssh_entry(self, planning: PlanningResult) -> None:
        """Write the SSH host entry; it contains the path of this envkit, which may have moved."""
        state_dir, plan = self.project.state_dir, planning.plan
        # With the endpoint: the current engine may be another one at login.
        docker_host = f"DOCKER_HOST={self.backend.endpoint}"
        proxy_command = ["env", docker_host, sys.executable, "-c", SSH_PROXY_CODE, "ssh-proxy", plan.run.name]
        port, agent = plan.run.host_port(naming.SSH_PORT), plan.run.ssh.agent
        entry = ssh_config.render(
            plan.name, plan.run.name, str(state_dir.client), proxy_command, port=port, agent=agent
        )
        if files.read(state_dir.client / entry.path) != entry.text.encode():
            files.write(state_dir.client / entry.path, entry.text.encode(), mode=entry.mode)

    def _forward_port(self, run: RunPlan) -> None:
        """Forward a local port to a remote engine."""
        engine_port, endpoint = run.host_port(naming.JUPYTER_PORT), self.backend.endpoint
        if engine_port and ssh_tunnel.is_remote(endpoint):
            from envkit.environment.remote import ports

            port_forwards = ports.forward(
                endpoint, self._state.forwarded, engine_port, self.project.config.jupyter.port
            )
            self._save(replace(self._state, forwarded=port_forwards))

    def _sync(self) -> tuple[str, ...]:
        """Sync the workspace if it is a copy; return notes for the user."""
        if self.backend.capabilities.binds:
            return ()
        from envkit.environment.remote import sync

        environment = sync.project_environment(self.project, self._state)
        return sync.notes(sync.sync(environment, self.backend, on_progress=self.on_progress))

    def _build_result(self, planning: PlanningResult, verdict: str, port: int) -> UpResult:
        plan = planning.plan
        base_url = f"http://127.0.0.1:{port}" if port else ""
        return UpResult(
            name=plan.name,
            url=base_url and f"{base_url}/lab",
            ssh_host=plan.run.name,
            tensorboard=base_url and f"{base_url}/tensorboard/",
            workspace=planning.facts.workspace,
            verdict=verdict,
            changed=tuple(self.changes),
            notes=plan.notes,
            ssh_port=plan.run.host_port(naming.SSH_PORT),
        )
