"""The climb of an `up`: look, resolve, render, build, launch, wait until it answers, probe, say where to go."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from envkit import credentials, naming, reconcile, ssh_tunnel, state
from envkit.backends.docker import inspect
from envkit.backends.docker.sdk_errors import PortTaken, SubnetTaken
from envkit.concurrency import submit
from envkit.environment import builder, execute, mounted_files, preflight
from envkit.environment.planning import plan_environment, update_state
from envkit.environment.results import BuildResult, UpResult
from envkit.errors import PreconditionError, StartFailed
from envkit.fs import files
from envkit.model import step
from envkit.model.report import Finding, Progress, Report
from envkit.render import ssh_config
from envkit.resolve import base_access, host_query, sticky, unapproved_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from envkit.backends.docker.client import Engine
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
# As `python -m envkit`, which would look for modules in the working folder first: a workspace is hostile.
SSH_PROXY_CODE = "import sys; sys.path[:] = filter(None, sys.path); from envkit.cli.main import main; main()"
MAX_ROUNDS = 8  # base, image, a few taken ports: more means that something keeps undoing our work
INDEPENDENT_STEPS = (
    step.MakeBase,
    step.BuildImage,
    step.CreateNetwork,
    step.CreateVolume,
)  # they leave what runs as it is


def up(
    project: Project,
    *,
    on_progress: ProgressCallback,
    approve: ApproveCallback,
    refresh: bool = False,
    pull: bool = False,
) -> tuple[Report[UpResult], dict[str, str]]:
    """Bring a project's environment to what its config says; returns the report and the container's labels.

    Args:
        project: Whose.
        on_progress: Gets the news.
        approve: Shown what would be let in anew; says whether that is agreed to.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        pull: Whether to bring the base anew first, and so build on today's packages.

    Raises:
        EnvkitError: Why it could not be done; what was there before is still there.
    """
    return _run_locked(project, on_progress, approve, lambda convergence: convergence.up(refresh=refresh, pull=pull))


def build(
    project: Project, *, on_progress: ProgressCallback, approve: ApproveCallback, pull: bool = False
) -> Report[BuildResult]:
    """Build a project's image and stop there; `pull` brings the base anew first.

    Raises:
        EnvkitError: Why it could not be done.
    """
    return _run_locked(project, on_progress, approve, lambda convergence: convergence.build(pull=pull))


def build_host_query(project: Project) -> HostQuery:
    """Say what a project's config wants to know of the host."""
    return host_query(project.config, project.folder, str(project.state_dir.folder))


def _run_locked(
    project: Project, on_progress: ProgressCallback, approve: ApproveCallback, operation: Callable[[_Convergence], T]
) -> T:
    engine = preflight.connect_engine(project.endpoint)
    is_new = not project.state_dir.folder.exists()
    with files.lock(
        project.state_dir.lock, lambda: on_progress(Progress("wait", "another envkit works on this; waiting"))
    ):
        try:
            credentials.ensure_client_key(project.state_dir)
            return operation(
                _Convergence(replace(project, state=state.load(project.state_dir)), engine, on_progress, approve)
            )
        except BaseException:
            # A refused first `up` leaves nothing behind; one that began leaves what the next goes on from.
            if is_new and files.read(project.state_dir.folder / state.STATE_FILE) is None:
                state.forget(project.state_dir)
            raise


class _Convergence:
    """One `up` from what is to what is wanted."""

    def __init__(
        self, project: Project, engine: Engine, on_progress: ProgressCallback, approve: ApproveCallback
    ) -> None:
        self.project, self.engine, self.on_progress, self.approve = project, engine, on_progress, approve
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
        """Wait for the container and prove it, where it changed or nothing was proven of it."""
        # Loaded here, while the container starts: what is loaded before delays its start.
        from envkit import checks
        from envkit.environment import verify

        verification = verify.Verification(
            self.project.state_dir, self.engine, planning.plan, self._state.forwarded, self.on_progress
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
                self.project, self.engine, self.state, avoid_ports=self.excluded_ports, on_progress=self.on_progress
            )
            if run_container:  # an image for a GPU can be built anywhere
                preflight.check_gpu(planning, self.engine)
                preflight.check_remote_copy(planning, self.state)
            self._approve_plan(planning)
            if pull:
                pull, rebuild = False, True
                self.state = execute.refresh_base(
                    planning, self.engine, self.project.state_dir, self._state, self.on_progress
                )
                continue
            steps = plan_steps(planning)
            if rebuild:
                steps = reconcile.rebuild(planning.desired, planning.actual, steps, recreate=run_container)
            if not steps:
                return planning
            builder.check(planning.plan, steps)
            execute.write_artifacts(self.project.state_dir, planning)
            self._execute_steps(steps, planning)
            if rebuild:
                rebuild = False
                self._remove_replaced_image(planning)
        raise StartFailed("the environment does not settle: something keeps changing it", hint="envkit status")

    def _remove_replaced_image(self, planning: PlanningResult) -> None:
        """Remove an image whose name a new one has, unless somebody still uses it: nobody would find it again."""
        old, new = planning.actual.image, inspect.image(self.engine, planning.desired.ref)
        if old and new and old.id != new.id:
            from envkit.backends.docker import images

            images.remove(self.engine, old.id)

    def _approve_plan(self, planning: PlanningResult) -> None:
        """Stop before anything is done: access nobody agreed to, also when that came meanwhile."""
        self._require_approval(planning.plan.access)
        named_by_folder = self.project.config.name is None
        new_state = replace(update_state(planning, self.state, named_by_folder), approved=planning.plan.access.entries)
        self._save(new_state)

    def _require_approval(self, access: Access) -> None:
        """Have somebody agree to what nobody has agreed to yet; once, before a base image is brought or after."""
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
                if not isinstance(
                    action, INDEPENDENT_STEPS
                ):  # what was proven is so until something it was proven of changes
                    self._save(replace(self._state, proven=False, verdict=""))
                if isinstance(action, step.CreateNetwork):  # the engine takes a while, and only the container needs it
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
            (action,), planning, self.engine, self.project.state_dir, self._state, self.on_progress
        )

    def _exclude_ports(self, error: PortTaken, run: RunPlan) -> None:
        """Let the next round pick another port in the place of the one that was taken."""
        config = self.project.config
        config_keys = {config.jupyter.port: "jupyter.port", config.ssh.port: "ssh.port"}
        taken_ports = [port.host for port in run.ports if error.port in {0, port.host}]
        for port in taken_ports:
            if port in config_keys:
                raise PreconditionError(
                    f"{config_keys[port]}: port {port} was taken by somebody while the container started",
                    hint="free it, choose another, or leave the key out",
                ) from error
        self.excluded_ports.update(taken_ports)

    def _write_ssh_entry(self, planning: PlanningResult) -> None:
        """Keep the SSH host entry: it names this envkit, which may have moved, whatever the engine holds."""
        state_dir, plan = self.project.state_dir, planning.plan
        # With its engine: whoever logs in later may have chosen another one meanwhile.
        docker_host = f"DOCKER_HOST={self.engine.endpoint}"
        proxy_command = ["env", docker_host, sys.executable, "-c", SSH_PROXY_CODE, "ssh-proxy", plan.run.name]
        port, agent = plan.run.host_port(naming.SSH_PORT), plan.run.ssh.agent
        entry = ssh_config.render(
            plan.name, plan.run.name, str(state_dir.client), proxy_command, port=port, agent=agent
        )
        if files.read(state_dir.client / entry.path) != entry.text.encode():
            files.write(state_dir.client / entry.path, entry.text.encode(), mode=entry.mode)

    def _forward_port(self, run: RunPlan) -> None:
        """Bring the port of an engine on another machine here."""
        engine_port, endpoint = run.host_port(naming.JUPYTER_PORT), self.engine.endpoint
        if engine_port and ssh_tunnel.is_remote(endpoint):
            from envkit.environment.remote import ports

            port_forwards = ports.forward(
                endpoint, self._state.forwarded, engine_port, self.project.config.jupyter.port
            )
            self._save(replace(self._state, forwarded=port_forwards))

    def _sync(self) -> tuple[str, ...]:
        """Copy what changed both ways, where the engine is on another machine; return what somebody should know."""
        if not ssh_tunnel.is_remote(self.engine.endpoint):
            return ()
        from envkit.environment.remote import sync

        environment = sync.project_environment(self.project, self._state)
        return sync.notes(sync.sync(environment, self.engine, on_progress=self.on_progress))

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
