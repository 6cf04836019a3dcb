"""`sync`: copy changes between the workspace and its copy on a remote engine, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import ssh_tunnel, state
from envkit.environment.remote import sync as remote_sync
from envkit.errors import PreconditionError
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.environment.project import Environment
    from envkit.environment.remote.sync import SyncResult


def sync(environment: Environment, *, dry_run: bool, on_progress: Callable[[Progress], None]) -> Report[SyncResult]:
    """Copy what changed on either side since the last sync.

    Args:
        environment: Environment on a remote engine.
        dry_run: Whether to report only.
        on_progress: Callback for progress.

    Raises:
        PreconditionError: The engine is local, or the environment is down.
        EngineError: The files could not be copied.
    """
    if not ssh_tunnel.is_remote(environment.endpoint):
        raise PreconditionError(
            "the engine is local and mounts the workspace itself: there is nothing to copy",
            code="engine-local",
            hint="envkit sync --engine ssh://… is for remote engines",
        )
    with state.locked(
        environment.state_dir, lambda: on_progress(Progress("wait", "waiting for another envkit command"))
    ):
        backend = environment.connect()
        if not remote_sync.is_running(environment, backend):
            raise PreconditionError(
                f"the environment {environment.name} is down and its copy cannot be read",
                code="sync-environment-down",
                hint=environment.hint,
            )
        result = remote_sync.sync(environment, backend, on_progress=on_progress, dry_run=dry_run)
        return Report("sync", environment.name, result)
