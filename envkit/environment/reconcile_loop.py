"""Reconcile loop of `up` and `build`: plan, require approval, execute the steps, until no steps are left."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from envkit import reconcile, state
from envkit.concurrency import submit
from envkit.environment import builder, execute, mount_access, preflight
from envkit.environment.planning import plan_environment, update_state
from envkit.errors import PortTaken, PreconditionError, StartFailed, SubnetTaken, other_file_system_error
from envkit.model import step
from envkit.resolve import base_access, unapproved_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.environment.project import Project
    from envkit.model.plan import Access
    from envkit.model.report import Progress
    from envkit.model.run import RunPlan
    from envkit.model.state import State
    from envkit.model.step import Steps

    ProgressCallback = Callable[[Progress], None]
    ApproveCallback = Callable[[tuple[str, ...]], bool]

MAX_ROUNDS = 8  # base, image, a few taken ports; more means that another process keeps changing things
INDEPENDENT_STEPS = (
    step.MakeBase,
    step.BuildImage,
    step.CreateNetwork,
    step.CreateVolume,
)  # they do not change a running container


class ReconcileLoop:
    """One run of `up` or `build`, from the actual to the desired state.

    Attributes:
        state: Saved state of the environment; None before the first round of a new one.
        changes: Names of the completed steps.
    """

    def __init__(
        self, project: Project, backend: Backend, on_progress: ProgressCallback, approve: ApproveCallback
    ) -> None:
        self.project, self.backend, self.on_progress, self.approve = project, backend, on_progress, approve
        self.state = project.state
        self.changes: list[str] = []
        self.excluded_ports: set[int] = set()
        self.approved_entries: tuple[str, ...] = ()

    @property
    def saved_state(self) -> State:
        """Return the saved state, which exists from the first round on."""
        assert self.state is not None  # noqa: S101 - set by the first round of `run`
        return self.state

    def save(self, new_state: State) -> None:
        """Save a state if it changed."""
        if new_state != self.state:
            state.save(self.project.state_dir, new_state)
            self.state = new_state

    def run(
        self, plan_steps: Callable[[PlanningResult], Steps], *, run_container: bool = True, pull: bool = False
    ) -> PlanningResult:
        """Execute the steps of one plan after the other until none is left, and return the last plan.

        Args:
            plan_steps: Function that computes the steps of a round.
            run_container: Whether the container will run, or only the image is built.
            pull: Whether to pull the base first.

        Raises:
            EnvkitError: A step failed or was refused; existing resources are kept.
        """
        self._require_approval(base_access(self.project.config))
        rebuild = False
        for _ in range(MAX_ROUNDS):
            planning = plan_environment(
                self.project, self.backend, self.state, avoid_ports=self.excluded_ports, on_progress=self.on_progress
            )
            self._check_mounts(planning)
            if run_container and self.backend.capabilities.binds:
                mount_access.refuse_hidden(planning.plan.run)
            if run_container:  # an image for a GPU can be built without one
                preflight.check_gpu(planning, self.backend)
                preflight.check_remote_copy(planning, self.state)
            self._approve_plan(planning)
            if pull:
                pull, rebuild = False, True
                self.state = execute.refresh_base(
                    planning, self.backend, self.project.state_dir, self.saved_state, self.on_progress
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

    def _check_mounts(self, planning: PlanningResult) -> None:
        """Refuse an engine whose new container sees other files than the caller, and remove that container."""
        replaced_mounts = planning.actual.replaced_mounts
        if replaced_mounts and step.StartContainer.__name__ in self.changes:
            self.backend.remove_container(planning.plan.run.name)
            sources = [mount.source for mount in planning.plan.run.mounts if mount.target in replaced_mounts]
            raise other_file_system_error(f"in the container, {sources[0]} is another file or folder")

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
        self.save(new_state)

    def _require_approval(self, access: Access) -> None:
        """Request approval of access that has not been approved, once per run."""
        saved_entries = self.state.approved if self.state else None
        new_entries = unapproved_entries(access, (*(saved_entries or ()), *self.approved_entries))
        if new_entries and not self.approve(new_entries):
            raise preflight.approval_error(new_entries)
        self.approved_entries += new_entries

    def _execute_steps(self, steps: Steps, planning: PlanningResult) -> None:
        network_future: Future[State] | None = None
        completed_steps: list[step.Step] = []
        try:
            for action in steps:
                if not isinstance(action, INDEPENDENT_STEPS):  # any other step invalidates the last verification
                    self.save(replace(self.saved_state, proven=False, verdict=""))
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
            self.save(replace(self.saved_state, subnet=""))
        except PortTaken as error:
            self._exclude_ports(error, planning.plan.run)
        self.changes += [type(action).__name__ for action in completed_steps]

    def _execute_step(self, action: step.Step, planning: PlanningResult) -> State:
        return execute.execute_steps(
            (action,), planning, self.backend, self.project.state_dir, self.saved_state, self.on_progress
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
