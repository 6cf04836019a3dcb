"""Two-way sync between the workspace and its copy on a remote engine."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import naming, sync_plan
from envkit.environment.project import CONFIG_FILE, Environment
from envkit.environment.remote import transfer
from envkit.errors import EngineError, EnvkitError, PreconditionError
from envkit.fs import files
from envkit.model.report import Progress
from envkit.observe import sync_sides
from envkit.resolve import remote as remote_
from envkit.state_format import is_text
from envkit.sync_plan import Entry, EntryPair, SyncPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.backends.backend import Backend
    from envkit.environment.project import Project
    from envkit.model.engine_state import ActualState
    from envkit.model.state import State
    from envkit.observe.sync_sides import Side

    ProgressCallback = Callable[[Progress], None]

RECORD_FILE = "sync-baseline.json"
RECORD_MAX_BYTES = 512 << 20
CONFIG_FILES = (CONFIG_FILE, "envkit.lock")
MAX_ROUNDS = 4  # renaming a conflict can uncover another one below it
MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Paths that a sync copied, or would copy.

    Attributes:
        name: Name of the environment.
        pushed: Paths copied to the remote copy.
        pulled: Paths copied back to the workspace.
        removed: Paths removed here because they were deleted in the remote copy.
        removed_remote: Paths removed in the remote copy because they were deleted here.
        conflicts: Paths that changed on both sides, by the new name of the remote version.
        skipped: Paths that are never synced: links that leave the workspace, sockets and the like.
        unstable: Paths that changed while they were copied; the next sync copies them.
        dry_run: Whether nothing was changed.
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
    """Return the environment of a project during its `up`."""
    return Environment(state.name, project.folder, os.getuid(), project.state_dir, state, project.endpoint)


def is_running(environment: Environment, backend: Backend) -> bool:
    """Check whether the environment is running, so that its copy can be read."""
    container = backend.container(environment.container_name)
    return container is not None and container.status == "running"


def sync(
    environment: Environment, backend: Backend, *, on_progress: ProgressCallback, dry_run: bool = False
) -> SyncResult:
    """Copy changes since the last sync both ways; of a path that changed on both sides both versions are kept.

    Raises:
        EngineError: Copying failed; copied files are complete, and the next sync continues.
        PreconditionError: This machine has no rsync, or the workspace cannot be read.
    """
    container_name = environment.container_name
    local, remote = (
        sync_sides.local_side(environment.state.workspace or environment.project),
        sync_sides.container_side(backend, container_name),
    )
    volume = backend.actual_state(container_name, ()).volumes.get(
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
        raise EngineError("the copy of the workspace keeps changing", code="sync-unstable", hint="repeat the command")
    unstable: tuple[str, ...] = ()
    final_trees = local_tree, remote_tree
    if plan:
        on_progress(Progress("sync", f"copying {len(plan.push)} files to the engine and {len(plan.pull)} back"))
        unstable = transfer.apply_plan(environment, plan, (local, remote), (local_tree, remote_tree))
        # A side that received nothing keeps its listing.
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
    environment: Environment, backend: Backend, *, actual: ActualState, is_final: bool, on_progress: ProgressCallback
) -> None:
    """Copy changes back from the remote copy before an environment is removed.

    Args:
        environment: Environment to remove.
        backend: Its engine.
        actual: Its resources on the engine.
        is_final: Whether the copy is removed too, so that everything must be here first.
        on_progress: Callback for progress.

    Raises:
        PreconditionError: The copy would be removed and may have changes that are not here.
    """
    volume = actual.volumes.get(naming.volume(environment.container_name, remote_.WORKSPACE_VOLUME))
    record = _load_record(environment)
    if volume is None or not record["which"].endswith(f" {volume.creation_id}"):
        return  # nothing was ever copied to it
    reason, is_complete = "the environment is not running", actual.container is None and record["back"] is True
    if actual.container is not None and actual.container.status == "running":
        try:
            result = sync(environment, backend, on_progress=on_progress)
            is_complete, reason = not result.unstable, f"these files changed meanwhile: {_list_paths(result.unstable)}"
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
            f"the remote copy of {environment.name} may have changes that are not in the workspace: {reason}",
            code="unsynced-changes",
            hint="envkit up, then envkit down --volumes; or envkit down --volumes --discard to lose them",
        )
    if not is_complete:
        on_progress(Progress("sync", f"not copied back, the volume keeps the changes: {reason}", finished=True))


def notes(result: SyncResult) -> tuple[str, ...]:
    """Return notes for the user about conflicts and paths that were not copied."""
    lines = [f"{path}: changed on both sides; this is the remote version" for path in result.conflicts]
    if result.skipped:
        lines.append(
            "not copied, because they are links that leave the workspace or not regular files: "
            f"{_list_paths(result.skipped)}"
        )
    if result.unstable:
        lines.append(f"changed while being copied; run envkit sync again: {_list_paths(result.unstable)}")
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
    """Return the files that changed on both sides to the same content."""
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
    """Return the configuration files as paths of the workspace: container code must not change them."""
    workspace, project = Path(environment.state.workspace or environment.project), Path(environment.project)
    if not project.is_relative_to(workspace):
        return set()
    return {str(project.relative_to(workspace) / name) for name in CONFIG_FILES}


def _load_record(environment: Environment) -> dict[str, Any]:
    """Read the saved baseline; damaged data counts as no baseline, so that nothing counts as deleted."""
    content = files.read(environment.state_dir.folder / RECORD_FILE, RECORD_MAX_BYTES)
    try:
        data = json.loads(content or b"null")
        return {"which": str(data["which"]), "back": data["back"] is True, "paths": dict(data["paths"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"which": "", "back": False, "paths": {}}


def _load_baseline(environment: Environment, pair_id: str) -> dict[str, EntryPair]:
    """Return the saved baseline if it belongs to these two folders."""
    record = _load_record(environment)
    try:
        paths = record["paths"] if record["which"] == pair_id else {}
        return {path: (_parse_entry(local), _parse_entry(remote)) for path, (local, remote) in paths.items()}
    except (ValueError, TypeError):
        return {}


def _parse_entry(values: Sequence[Any]) -> Entry:
    entry = Entry(*values)
    numbers = (entry.size, entry.modified, entry.changed, entry.mode)
    if not all(map(is_text, (entry.kind, entry.target))) or not all(type(number) is int for number in numbers):
        raise TypeError
    return entry


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
