"""`down`: remove the container and the network; `--volumes` also removes volumes and state."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming, reconcile, ssh_tunnel, state
from envkit.commands import ssh_config
from envkit.environment import execute
from envkit.environment.remote import ports, sync
from envkit.errors import EngineError
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend
    from envkit.environment.project import Environment
    from envkit.model.engine_state import ActualState

    ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class DownResult:
    """Removed and kept resources of an environment.

    Attributes:
        name: Name of the environment.
        removed: Removed resources, such as `container NAME`, and the line that `ssh-config --install` added.
        kept: Volumes that the next `up` uses again.
    """

    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def down(
    environment: Environment, *, volumes: bool, on_progress: ProgressCallback, discard: bool = False
) -> Report[DownResult]:
    """Remove an environment; its workspace and image are kept.

    Args:
        environment: Environment to remove.
        volumes: Whether to remove its volumes and state too.
        on_progress: Callback for progress.
        discard: Whether unsynced changes in a remote copy may be lost.

    Raises:
        EngineError: The engine refused to remove a resource; earlier ones are removed.
        PreconditionError: The container belongs to another user or project, or unsynced changes would be lost.
    """
    backend = environment.connect()
    with state.locked(
        environment.state_dir, lambda: on_progress(Progress("wait", "waiting for another envkit command"))
    ):
        actual = backend.actual_state(environment.container_name, ())
        steps = reconcile.down(
            environment.name, environment.owner, environment.state.label_path, actual, volumes=volumes
        )
        if ssh_tunnel.is_remote(environment.endpoint):
            _release_remote(environment, backend, actual, volumes=volumes, discard=discard, on_progress=on_progress)
        with suppress(EngineError):  # a network that is in use reports its own error below
            backend.remove_abandoned(environment.owner)
        for step in steps:
            execute.remove(step, backend, on_progress)
        # A folder that contains only the lock was created here, for an environment without state.
        if volumes or list(environment.state_dir.folder.iterdir()) == [environment.state_dir.lock]:
            state.forget(environment.state_dir)
    removed = tuple(f"{type(step).__name__.removeprefix('Remove').lower()} {step.name}" for step in steps)  # type: ignore[union-attr]
    config_path = ssh_config.uninstall(environment.state_dir) if volumes else None
    removed += (f"Include line in {config_path}",) if config_path else ()
    our_volumes = (
        name
        for name, volume in actual.volumes.items()
        if naming.belongs_to(volume.labels, environment.owner, environment.state.label_path)
        and volume.labels.get(naming.NAME) == environment.name
    )
    kept_volumes = () if volumes else tuple(sorted(our_volumes))
    return Report("down", environment.name, DownResult(environment.name, removed, kept_volumes))


def _release_remote(
    environment: Environment,
    backend: Backend,
    actual: ActualState,
    *,
    volumes: bool,
    discard: bool,
    on_progress: ProgressCallback,
) -> None:
    """Copy unsynced changes back from a remote engine, and cancel its port forwards."""
    if not (volumes and discard):
        sync.pull_back(environment, backend, actual=actual, is_final=volumes, on_progress=on_progress)
    ports.release(environment.endpoint, environment.state.forwarded)
