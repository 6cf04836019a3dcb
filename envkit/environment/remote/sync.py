"""`sync`: what changed in the workspace and in its copy on another machine's engine, brought to the other side."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import naming, ssh_tunnel, sync_plan
from envkit.backends.docker import inspect
from envkit.environment.project import CONFIG_FILE, Environment
from envkit.environment.remote import transfer
from envkit.errors import EngineError, EnvkitError, PreconditionError
from envkit.fs import files
from envkit.model.report import Progress, Report
from envkit.observe import sync_sides
from envkit.resolve import remote as remote_
from envkit.sync_plan import Entry, EntryPair, SyncPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.backends.docker.client import Engine
    from envkit.environment.project import Project
    from envkit.model.engine_state import ActualState
    from envkit.model.state import State
    from envkit.observe.sync_sides import Side

    ProgressCallback = Callable[[Progress], None]

RECORD_FILE = "agreed.json"
RECORD_MAX_BYTES = 512 << 20
CONFIG_FILES = (CONFIG_FILE, "envkit.lock")
MAX_ROUNDS = 4  # what is set aside can uncover little
MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What was copied, or would be.

    Attributes:
        name: The environment's name.
        pushed: Paths that were copied to the other machine.
        pulled: Paths that came from there.
        removed: Paths removed here, because they were deleted there.
        removed_remote: Paths removed there, because they were deleted here.
        conflicts: What had changed on both sides, by the name that the other machine's version has now.
        skipped: What is neither copied nor touched: links that lead out, sockets and the like.
        unstable: What changed while it was copied; the next time brings it.
        dry_run: Whether nothing was done.
    """

    name: str
    pushed: tuple[str, ...] = ()
    pulled: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    removed_remote: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    dry_run: bool = False


def project_environment(project: Project, state: State) -> Environment:
    """Return the environment of a project that is being brought up."""
    return Environment(state.name, project.folder, os.getuid(), project.state_dir, state, project.endpoint)


def run(environment: Environment, *, dry_run: bool, on_progress: ProgressCallback) -> Report[SyncResult]:
    """Copy both ways what changed, for the verb.

    Raises:
        Refusal: The engine is on this machine, where both are one; or the environment is down.
        EngineError: It could not be copied.
    """
    if not ssh_tunnel.is_remote(environment.endpoint):
        raise PreconditionError(
            "the engine is on this machine, where the workspace itself is mounted: there is nothing to copy",
            hint="envkit sync --engine ssh://… is for engines on other machines",
        )
    with files.lock(
        environment.state_dir.lock, lambda: on_progress(Progress("wait", "another envkit works on this; waiting"))
    ):
        engine = environment.connect()
        if not is_running(environment, engine):
            raise PreconditionError(
                f"the environment {environment.name} is down, and its copy with it", hint=environment.hint
            )
        return Report("sync", environment.name, sync(environment, engine, on_progress=on_progress, dry_run=dry_run))


def is_running(environment: Environment, engine: Engine) -> bool:
    """Say whether the copy can be looked at: by a program in the container."""
    container = inspect.container(engine, environment.container_name)
    return container is not None and container.status == "running"


def sync(
    environment: Environment, engine: Engine, *, on_progress: ProgressCallback, dry_run: bool = False
) -> SyncResult:
    """Copy both ways what changed since the last time; what changed on both sides stays on both.

    Raises:
        EngineError: It could not be copied; what was is whole, and the next time goes on.
        Refusal: There is no rsync on this machine, or the workspace cannot be read.
    """
    container_name = environment.container_name
    local, remote = (
        sync_sides.local_side(environment.state.workspace or environment.project),
        sync_sides.container_side(engine, container_name),
    )
    volume = inspect.actual_state(engine, container_name, ()).volumes.get(
        naming.volume(container_name, remote_.WORKSPACE_VOLUME)
    )
    root, local_tree = local.tree()
    pair_id = f"{root} {volume.creation_id if volume else ''}"
    baseline, conflicts = _load_baseline(environment, pair_id), dict[str, str]()
    for _ in range(MAX_ROUNDS):
        remote_tree = remote.tree()[1]
        plan = sync_plan.build_plan(
            local_tree,
            remote_tree,
            baseline,
            identical=_find_identical(local, remote, local_tree, remote_tree, baseline),
            protected=_protected_paths(environment),
        )
        if dry_run or not plan.conflicts:
            break
        remote.rename_paths(plan.conflicts)
        conflicts.update(plan.conflicts)
    if dry_run:
        return _build_result(environment, plan, (), tuple(plan.conflicts.values()), dry_run=True)
    if plan.conflicts:
        raise EngineError("the copy of the workspace does not settle: something keeps changing it", hint="repeat it")
    unstable: tuple[str, ...] = ()
    final_trees = local_tree, remote_tree
    if plan:
        on_progress(Progress("sync", f"copying {len(plan.push)} there and {len(plan.pull)} back"))
        unstable = transfer.apply_plan(environment, plan, (local, remote), (local_tree, remote_tree))
        # A side that nothing was brought to is as it was, as far as this goes.
        final_trees = (
            local.tree()[1] if plan.pull or plan.remove_local else local_tree,
            remote.tree()[1] if plan.push or plan.remove_remote else remote_tree,
        )
    _save_record(
        environment,
        pair_id,
        sync_plan.new_baseline(plan, baseline, (local_tree, final_trees[0]), (remote_tree, final_trees[1])),
    )
    return _build_result(environment, plan, unstable, tuple(conflicts.values()), dry_run=False)


def pull_back(
    environment: Environment, engine: Engine, *, actual: ActualState, is_final: bool, on_progress: ProgressCallback
) -> None:
    """Copy back what only the other machine has, before an environment is taken away.

    Args:
        environment: The environment.
        engine: Where it is.
        actual: What the engine holds of it.
        is_final: Whether the copy goes too: then all of it has to be here.
        on_progress: Gets the news.

    Raises:
        Refusal: The copy goes, and it may hold what is not here.
    """
    volume = actual.volumes.get(naming.volume(environment.container_name, remote_.WORKSPACE_VOLUME))
    record = _load_record(environment)
    if volume is None or not record["which"].endswith(f" {volume.creation_id}"):
        return  # nothing was ever copied there
    reason, is_complete = "it does not run", actual.container is None and record["back"] is True
    if actual.container is not None and actual.container.status == "running":
        try:
            result = sync(environment, engine, on_progress=on_progress)
            is_complete, reason = not result.unstable, f"these changed meanwhile: {_list_paths(result.unstable)}"
            for note in notes(result):
                on_progress(Progress("sync", note, finished=True))
        except EnvkitError as error:
            reason = error.message
    files.write(
        environment.state_dir.folder / RECORD_FILE,
        json.dumps({**_load_record(environment), "back": is_complete}).encode(),
    )
    if not is_complete and is_final:
        raise PreconditionError(
            f"the workspace's copy of {environment.name} on the other machine may hold what is not here: {reason}",
            hint="envkit up, then envkit down --volumes; or envkit down --volumes --discard gives it up",
        )
    if not is_complete:
        on_progress(Progress("sync", f"not copied back, its volume keeps it: {reason}", finished=True))


def notes(result: SyncResult) -> tuple[str, ...]:
    """Return what somebody should know of it."""
    lines = [f"{path}: changed here and there; this is the other machine's version" for path in result.conflicts]
    if result.skipped:
        lines.append(
            f"not copied, being links that lead out of the workspace, or no files: {_list_paths(result.skipped)}"
        )
    if result.unstable:
        lines.append(f"changed while it was copied; envkit sync brings it: {_list_paths(result.unstable)}")
    return tuple(lines)


def _list_paths(paths: Sequence[str]) -> str:
    suffix = f" and {len(paths) - MAX_LISTED} more" if len(paths) > MAX_LISTED else ""
    return ", ".join(paths[:MAX_LISTED]) + suffix


def _find_identical(
    local: Side,
    remote: Side,
    local_tree: Mapping[str, Entry],
    remote_tree: Mapping[str, Entry],
    baseline: Mapping[str, EntryPair],
) -> set[str]:
    """Return the files that changed on both sides and are the same."""
    paths = [
        path
        for path in sync_plan.ambiguous_files(local_tree, remote_tree, baseline)
        if local_tree[path].size == remote_tree[path].size
    ]
    if not paths:
        return set()
    local_digests, remote_digests = local.digests(paths), remote.digests(paths)
    return {path for path in paths if local_digests.get(path) and local_digests.get(path) == remote_digests.get(path)}


def _protected_paths(environment: Environment) -> set[str]:
    """Return the config files as paths of the workspace: what runs inside must not change them."""
    workspace, project = Path(environment.state.workspace or environment.project), Path(environment.project)
    if not project.is_relative_to(workspace):
        return set()
    return {str(project.relative_to(workspace) / name) for name in CONFIG_FILES}


def _load_record(environment: Environment) -> dict[str, Any]:
    """Read what was kept the last time; what is damaged counts as nothing, and then nothing counts as deleted."""
    content = files.read(environment.state_dir.folder / RECORD_FILE, RECORD_MAX_BYTES)
    try:
        data = json.loads(content or b"null")
        return {"which": str(data["which"]), "back": data["back"] is True, "paths": dict(data["paths"])}
    except (ValueError, TypeError, KeyError):
        return {"which": "", "back": False, "paths": {}}


def _load_baseline(environment: Environment, pair_id: str) -> dict[str, EntryPair]:
    """Return what was agreed the last time, if it was between these two folders."""
    record = _load_record(environment)
    try:
        paths = record["paths"] if record["which"] == pair_id else {}
        return {
            path: (Entry(*local_entry), Entry(*remote_entry)) for path, (local_entry, remote_entry) in paths.items()
        }
    except (ValueError, TypeError):
        return {}


def _save_record(environment: Environment, pair_id: str, baseline: Mapping[str, EntryPair]) -> None:
    record = json.dumps({"which": pair_id, "back": False, "paths": baseline}).encode()
    if files.read(environment.state_dir.folder / RECORD_FILE, RECORD_MAX_BYTES) != record:
        files.write(environment.state_dir.folder / RECORD_FILE, record)


def _build_result(
    environment: Environment, plan: SyncPlan, unstable: tuple[str, ...], conflicts: tuple[str, ...], *, dry_run: bool
) -> SyncResult:
    return SyncResult(
        environment.name,
        plan.push,
        plan.pull,
        plan.remove_local,
        plan.remove_remote,
        conflicts,
        plan.skipped,
        unstable,
        dry_run,
    )
