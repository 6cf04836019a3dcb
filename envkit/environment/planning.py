"""Plan an environment: inspect host and engine, resolve, render, digest. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkit import backends, catalog, digest, host, naming, ssh_tunnel
from envkit.environment import base_image, moved_project
from envkit.environment.project import is_folder_missing, used_names
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.model.engine_state import ActualState
from envkit.observe import mount_identity, port_owner
from envkit.reconcile import DesiredState
from envkit.render import build_context
from envkit.resolve import base_choice, environment_name, host_query, remote, resolve, sticky
from envkit.resolve.base_choice import DEBIAN, BaseChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envkit.backends.backend import Backend
    from envkit.environment.project import Project
    from envkit.model.artifact import Artifact
    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.model.report import Progress
    from envkit.model.state import State

    ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class PlanningResult:
    """The desired state of an environment and the facts it was planned from.

    Attributes:
        desired: Plan with its digests.
        context: Rendered build context.
        facts: Facts about the host.
        actual: Resources on the engine.
        choice: Choice of the base.
        inspection_key: Key of the inspection of a foreign base, or empty.
    """

    desired: DesiredState
    context: tuple[Artifact, ...]
    facts: Facts
    actual: ActualState
    choice: BaseChoice = DEBIAN
    inspection_key: str = ""

    @property
    def plan(self) -> Plan:
        """Plan of the environment."""
        return self.desired.plan


def plan_environment(
    project: Project,
    backend: Backend | None,
    state: State | None,
    *,
    avoid_ports: Collection[int] = (),
    on_progress: ProgressCallback | None = None,
) -> PlanningResult:
    """Inspect host and engine, and plan a project's environment.

    Args:
        project: Project to plan for.
        backend: Its engine, or None to plan only what needs no engine, as `render` does.
        state: Saved state, which may be newer than the project's.
        avoid_ports: Ports that turned out to be taken.
        on_progress: Callback for the progress of pulling a base image; without it nothing is pulled.

    Raises:
        ConfigError: The configuration is not possible on this host.
        PreconditionError: The workspace is not allowed, or a name belongs to another project.
    """
    facts = _gather_facts(project, backend, state, avoid_ports)
    name = environment_name(
        project.config, project.folder, state, _unavailable_names(project, backend, facts.caller.uid, state)
    )
    _refuse_renaming(backend, facts.caller.uid, name, state)
    actual = ActualState() if backend is None else _inspect_actual(project, backend, facts.caller.uid, name, state)
    choice = base_image.choose(project.config, facts, backend, state)
    if choice.kind != "debian":
        try:
            return _plan_on_image(project, backend, name, facts, actual, state, choice, on_progress)
        except PreconditionError as error:
            fallback = base_choice.fallback(choice, state, error.message)
            if fallback is None:
                raise
            choice = fallback
    if backend is not None and (state is None or not state.base_id):
        suite = catalog.release(project.config.tensorflow).suite
        actual = replace(actual, base=base_image.find_base(backend, suite, state.base_ref if state else ""))
    planning = _plan_with_image(project, backend, name, facts, actual, state)
    if planning.actual.image is None and backend is not None and actual.base is None:
        # No image exists on the last base: build on the base that is available now.
        suite = planning.plan.image.suite.name
        base = base_image.find_base(backend, suite, state.base_ref if state else "")
        unpinned_state = replace(state, base_ref="", base_id="", base_origin="") if state else None
        planning = _plan_with_image(project, backend, name, facts, replace(actual, base=base), unpinned_state)
    return _with_choice(planning, choice)


def _gather_facts(
    project: Project, backend: Backend | None, state: State | None, avoid_ports: Collection[int]
) -> Facts:
    """Inspect the host, and the engine's machine if the engine is remote."""
    query = host_query(project.config, project.folder, str(project.state_dir.folder))
    facts = host.inspect(query)
    capabilities = backend.capabilities if backend else backends.capabilities(project.endpoint)
    facts = replace(facts, capabilities=capabilities)
    if ssh_tunnel.is_remote(project.endpoint):
        facts = remote.apply_engine_facts(facts, backend.facts() if backend else None)
    facts = sticky.apply_choices(facts, state.choices if state else {}, query)
    if backend is not None and facts.gpu.driver and project.config.gpu != "off":
        facts = replace(facts, gpu_methods=backend.facts().gpu_methods)
    busy_ports = {**facts.network.busy_ports, **dict.fromkeys(avoid_ports, "")}
    requested_ports = (port for port in query.ports if port in busy_ports)
    owners = {
        port: port_owner.find_owner(backend, project.endpoint, port, busy_ports[port]) for port in requested_ports
    }
    return replace(facts, network=replace(facts.network, busy_ports=busy_ports | owners))


def _inspect_actual(project: Project, backend: Backend, owner: int, name: str, state: State | None) -> ActualState:
    """Inspect the environment's resources on the engine, apart from images."""
    container_name, has_binds = naming.container(owner, name), backend.capabilities.binds
    volume_names = ("home",) if has_binds else ("home", *remote.RESERVED_VOLUMES)
    actual = backend.actual_state(
        container_name,
        [naming.volume(container_name, volume_name) for volume_name in (*volume_names, *project.config.volumes)],
    )
    if not has_binds:  # mounts there are unrelated to local folders
        return actual
    return replace(actual, binds=backend.other_binds(owner, state.label_path if state else project.folder, name))


def _with_choice(planning: PlanningResult, choice: BaseChoice) -> PlanningResult:
    desired = replace(planning.desired, plan=base_choice.add_note(planning.plan, choice))
    return replace(planning, choice=choice, desired=desired)


def _plan_on_image(
    project: Project,
    backend: Backend | None,
    name: str,
    facts: Facts,
    actual: ActualState,
    state: State | None,
    choice: BaseChoice,
    on_progress: ProgressCallback | None,
) -> PlanningResult:
    """Plan a workspace on a foreign base image."""
    if backend is None:
        raise EngineUnavailable(
            f"the base image {choice.ref} has to be inspected and no engine answers",
            code="engine-unavailable",
            hint="start an engine, or set base: debian, which needs none for this",
        )
    container_name = naming.container(facts.caller.uid, name)
    foreign_base = base_image.inspect_foreign(
        choice, project.config, facts, backend, state, container_name, on_progress
    )
    planning = _plan_with_image(project, backend, name, facts, replace(actual, foreign_base=foreign_base), state)
    if planning.actual.image is None:
        base = backend.image(choice.ref)
        if base is None or base.id != foreign_base.id:  # no image exists on the inspected base: inspect the current one
            foreign_base = base_image.inspect_foreign(
                choice, project.config, facts, backend, state, container_name, on_progress, refresh=True
            )
            base = backend.image(choice.ref)
        planning = _plan_with_image(
            project, backend, name, facts, replace(actual, foreign_base=foreign_base, base=base), state
        )
    return replace(_with_choice(planning, choice), inspection_key=base_image.inspection_key(project.config))


def _unavailable_names(project: Project, backend: Backend | None, owner: int, state: State | None) -> dict[str, str]:
    """Map names that this project may not choose to their projects; a stale resource does not take its current name."""
    unavailable, requested_name = used_names(project.endpoint, project.folder), project.config.name
    if requested_name in unavailable:
        container = backend.container(naming.container(owner, requested_name)) if backend is not None else None
        details: list[str] = [] if backend is None else ["down" if container is None else container.status]
        details += ["its folder is missing"] if is_folder_missing(unavailable[requested_name]) else []
        return {
            **unavailable,
            requested_name: unavailable[requested_name] + (f" ({', '.join(details)})" if details else ""),
        }
    if backend is None or state is not None or requested_name:
        return unavailable  # `reconcile` rejects a requested name and names the resource that holds it
    label_sets = (
        labels for labels in backend.resource_labels(owner) if not naming.belongs_to(labels, owner, project.folder)
    )
    return {labels[naming.NAME]: "" for labels in label_sets if naming.NAME in labels} | unavailable


def _refuse_renaming(backend: Backend | None, owner: int, name: str, state: State | None) -> None:
    """Reject a new name while a container runs under the old one."""
    if backend is None or state is None or state.name == name:
        return
    if backend.container(naming.container(owner, state.name)) is not None:
        raise PreconditionError(
            f"this project's environment runs as {state.name!r} and its name would change to {name!r}",
            code="environment-renamed",
            hint=f"envkit down --name {state.name} first (its home volume keeps the old name), or keep the name",
        )


def _plan_with_image(
    project: Project, backend: Backend | None, name: str, facts: Facts, actual: ActualState, state: State | None
) -> PlanningResult:
    plan = resolve(project.config, project.folder, name, facts, actual, state)
    context = build_context.render(plan.image)
    digests = digest.compute(plan, context, build_context.strip_comments)
    ref = digest.image_ref(plan, digests)
    if backend is not None:
        actual = replace(
            actual,
            image=backend.image(ref),
            replaced_mounts=_find_replaced_mounts(backend, plan, actual, str(project.state_dir.folder)),
        )
    return PlanningResult(DesiredState(plan, digests, ref), context, facts, actual)


def _find_replaced_mounts(backend: Backend, plan: Plan, actual: ActualState, state_folder: str) -> tuple[str, ...]:
    """Compare the mounts of a running container that would be kept with the caller's files."""
    container = actual.container
    if container is None or container.status != "running" or not backend.capabilities.binds:
        return ()
    return mount_identity.find_replaced(backend, plan.run.name, plan.run.mounts, state_folder)


def update_state(planning: PlanningResult, state: State | None, name_from_folder: bool) -> State:
    """Return the state with the choices of a plan."""
    from envkit.model.state import State as State_

    plan = planning.plan
    old_state = state or State_(name=plan.name, project=plan.project)
    if plan.image.base.id:
        # `prune` must keep the base: another one would rebuild every image.
        base = plan.image.base
        old_state = replace(old_state, base_ref=base.ref, base_id=base.id, base_origin=base.origin)
    return replace(
        old_state,
        name=plan.name,
        project=plan.project,
        workspace=planning.facts.workspace,
        folder_id=moved_project.refresh_id(old_state.folder_id, plan.project),
        port=plan.run.host_port(naming.JUPYTER_PORT) or old_state.port,
        ssh_port=plan.run.host_port(naming.SSH_PORT) or old_state.ssh_port,
        subnet=plan.run.network.subnet or old_state.subnet,
        image_ref=planning.desired.ref,
        choices={
            **old_state.choices,
            "name": "folder" if name_from_folder else "config",
            **base_image.serialize_choice(planning.choice, planning.actual.foreign_base, planning.inspection_key),
        },
    )
