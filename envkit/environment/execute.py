"""Execute steps one after the other; each can be repeated safely."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import naming, reconcile, state
from envkit.environment import builder as builder_
from envkit.environment import mounted_files
from envkit.environment.remote import upload
from envkit.fs import files, temporary
from envkit.model import step
from envkit.model.report import Progress
from envkit.render import compose
from envkit.resolve import sticky

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.model.plan import Plan
    from envkit.model.state import State
    from envkit.state import StateDir

    ProgressCallback = Callable[[Progress], None]


def execute_steps(
    steps: step.Steps,
    planning: PlanningResult,
    backend: Backend,
    state_dir: StateDir,
    saved_state: State,
    on_progress: ProgressCallback,
) -> State:
    """Execute the steps of an `up`; save the state after each one and return the last.

    Raises:
        EngineError: A step failed; earlier steps stay done and the next `up` continues from there.
    """
    for action in steps:
        saved_state = _execute_step(action, planning, backend, state_dir, saved_state, on_progress)
    return saved_state


def are_files_current(state_dir: StateDir, planning: PlanningResult, saved_state: State | None) -> bool:
    """Check whether the mounted files match the plan, on this host and on a remote engine."""
    if not mounted_files.is_current(state_dir, planning.plan):
        return False
    if planning.facts.capabilities.binds:
        return True
    return saved_state is not None and saved_state.delivered == upload.fingerprint(
        state_dir, planning.plan, planning.actual.volumes
    )


def _execute_step(
    action: step.Step,
    planning: PlanningResult,
    backend: Backend,
    state_dir: StateDir,
    saved_state: State,
    on_progress: ProgressCallback,
) -> State:
    plan = planning.plan
    owner_labels = naming.labels(plan.owner, plan.name, plan.label_path)
    match action:
        case step.MakeBase(suite, ref):
            _make_base(backend, suite, ref, plan, on_progress)
        case step.BuildImage(ref, rebuild):
            return _build_image(backend, planning, ref, state_dir, saved_state, on_progress, rebuild=rebuild)
        case step.CreateNetwork():
            backend.create_network(plan.run, {**owner_labels, **compose.network_labels(plan.run)})
        case step.CreateVolume(name):
            creation_label = {naming.CREATED: secrets.token_hex(8)}
            backend.create_volume(name, {**owner_labels, **compose.volume_labels(plan.run, name), **creation_label})
        case step.PrepareVolumes(volumes, image):
            return _prepare_volumes(backend, planning, volumes, image, state_dir, saved_state)
        case step.ReplaceFiles():
            return _replace_files(backend, planning, state_dir, saved_state, on_progress)
        case step.CreateContainer(name, ref):
            on_progress(Progress("start", f"starting {name}"))
            labels = naming.container_labels(plan, planning.desired.digests)
            labels |= compose.container_labels(plan.run, str(state_dir.rendered))
            backend.create_container(plan.run, ref, labels)
        case step.StartContainer(name):
            backend.start_container(name)
        case step.UnpauseContainer(name):
            backend.unpause_container(name)
        case _:
            remove(action, backend, on_progress)
    return saved_state


def _replace_files(
    backend: Backend, planning: PlanningResult, state_dir: StateDir, saved_state: State, on_progress: ProgressCallback
) -> State:
    for note in mounted_files.replace_files(state_dir, planning.plan):
        on_progress(Progress("keys", note, finished=True))
    if planning.facts.capabilities.binds:
        return saved_state
    return _upload_files(backend, planning, state_dir, saved_state)


def _upload_files(backend: Backend, planning: PlanningResult, state_dir: StateDir, saved_state: State) -> State:
    plan, container = planning.plan, planning.actual.container
    labels = _helper_labels(plan)
    image = planning.desired.ref if backend.image(planning.desired.ref) or container is None else container.image_id
    upload.upload_files(backend, state_dir, plan, image, labels)
    volumes = backend.actual_state(plan.run.name, (upload.volume_name(plan),)).volumes
    return _save_state(state_dir, replace(saved_state, delivered=upload.fingerprint(state_dir, plan, volumes)))


def remove(action: step.Step, backend: Backend, on_progress: ProgressCallback) -> None:
    """Execute a step that removes a resource."""
    match action:
        case step.RemoveContainer(name):
            on_progress(Progress("stop", f"removing {name}"))
            backend.remove_container(name)
        case step.RemoveNetwork(name):
            backend.remove_network(name)
        case step.RemoveVolume(name):
            backend.remove_volume(name)
        case _:
            raise AssertionError(action)


def refresh_base(
    planning: PlanningResult, backend: Backend, state_dir: StateDir, saved_state: State, on_progress: ProgressCallback
) -> State:
    """Pull or rebuild the base image of a plan and forget the old one: a new base means a new image.

    Raises:
        BuildFailed: The base is not available; the old one is kept.
        PreconditionError: No workspace can be built on it.
    """
    plan = planning.plan
    builder_.check(plan, backend, (step.BuildImage(planning.desired.ref),))
    is_debian = planning.choice.kind == "debian"
    ref = plan.image.base.ref if is_debian else planning.choice.ref
    if is_debian and ref == naming.base_ref(plan.image.suite.name):
        _make_base(backend, plan.image.suite.name, ref, plan, on_progress)
    else:
        backend.pull_image(ref, on_progress)
    return _save_state(state_dir, sticky.forget_base(saved_state))


def _make_base(backend: Backend, suite: str, ref: str, plan: Plan, on_progress: ProgressCallback) -> None:
    from envkit import rootfs

    with temporary.folder() as folder:
        tar = folder / "rootfs.tar"
        origin = rootfs.build(suite, plan.image.mirror, tar, on_progress, proxies=plan.host_proxies)
        labels = {naming.MANAGED: "1", naming.BUILDER: str(plan.owner), naming.SUITE: suite, naming.ORIGIN: origin}
        backend.import_image(tar, ref, labels)


def _build_image(
    backend: Backend,
    planning: PlanningResult,
    ref: str,
    state_dir: StateDir,
    saved_state: State,
    on_progress: ProgressCallback,
    *,
    rebuild: bool,
) -> State:
    builder = str(planning.plan.owner)
    labels = {naming.MANAGED: "1", naming.BUILDER: builder, naming.IMAGE: planning.desired.digests.image}
    builder_.build(planning, backend, ref, labels, on_progress, rebuild=rebuild)
    base = planning.plan.image.base
    return _save_state(state_dir, replace(saved_state, base_ref=base.ref, base_id=base.id, base_origin=base.origin))


def _prepare_volumes(
    backend: Backend,
    planning: PlanningResult,
    volumes: tuple[str, ...],
    image: str,
    state_dir: StateDir,
    saved_state: State,
) -> State:
    plan = planning.plan
    labels = _helper_labels(plan)
    folders = {name: reconcile.required_folders(plan).get(name, ()) for name in volumes}
    backend.prepare_volumes(folders, plan.run.user, image, naming.helper(plan.run.name), labels)
    actual = backend.actual_state(plan.run.name, volumes)
    fingerprints = {name: reconcile.volume_marker(plan, actual, name) for name in volumes if name in actual.volumes}
    return _save_state(state_dir, replace(saved_state, prepared={**saved_state.prepared, **fingerprints}))


def _helper_labels(plan: Plan) -> dict[str, str]:
    """Return the labels of a helper container, without the environment's name so that `status` does not list it."""
    owner_labels = naming.labels(plan.owner, plan.name, plan.label_path)
    return {key: value for key, value in owner_labels.items() if key != naming.NAME}


def _save_state(state_dir: StateDir, new_state: State) -> State:
    state.save(state_dir, new_state)
    return new_state


def write_artifacts(state_dir: StateDir, planning: PlanningResult) -> None:
    """Write the artifacts of a plan to the state directory, where people and Compose can read them."""
    files.ensure_private_folder(state_dir.rendered)
    for artifact in (*planning.context, compose.render(planning.desired)):
        path = state_dir.rendered / artifact.path
        files.ensure_private_folder(path.parent)
        if files.read(path) != artifact.text.encode():
            files.write(path, artifact.text.encode(), mode=artifact.mode & 0o700 | 0o600, durable=False)
