"""`down`: no container and no network stays; `--volumes`: no volume and no state either."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming, reconcile, ssh_tunnel, state
from envkit.backends.docker import inspect, temporary
from envkit.commands import access
from envkit.environment import execute
from envkit.environment.remote import ports, sync
from envkit.errors import EngineError
from envkit.fs import files
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.environment.project import Environment
    from envkit.model.engine_state import ActualState

    ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class DownResult:
    """What was taken away.

    Attributes:
        name: The environment's name.
        removed: Each thing, in the engine's words for it, and what `ssh-config --install` wrote.
        kept: What a next `up` finds again.
    """

    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def down(
    environment: Environment, *, volumes: bool, on_progress: ProgressCallback, discard: bool = False
) -> Report[DownResult]:
    """Take an environment away; workspace and image stay.

    Args:
        environment: The environment.
        volumes: Whether its volumes and its state go too.
        on_progress: Gets the news.
        discard: Whether the workspace's copy on another machine may go with what it alone holds.

    Raises:
        EngineError: The engine would not remove something; what it removed is gone.
        Refusal: The container of that name belongs to somebody else, or what is not copied back would be lost.
    """
    engine = environment.connect()
    with files.lock(
        environment.state_dir.lock, lambda: on_progress(Progress("wait", "another envkit works on this; waiting"))
    ):
        actual = inspect.actual_state(engine, environment.container_name, ())
        steps = reconcile.down(environment.name, environment.owner, environment.project, actual, volumes=volumes)
        if ssh_tunnel.is_remote(environment.endpoint):
            _release_remote(environment, engine, actual, volumes=volumes, discard=discard, on_progress=on_progress)
        with suppress(EngineError):  # a network goes only when nobody is on it, and says so otherwise
            temporary.remove_abandoned(engine, environment.owner)
        for step in steps:
            execute.remove(step, engine, on_progress)
        # A folder with nothing but the lock was made by this command, for an environment without state.
        if volumes or list(environment.state_dir.folder.iterdir()) == [environment.state_dir.lock]:
            state.forget(environment.state_dir)
    removed = tuple(f"{type(step).__name__.removeprefix('Remove').lower()} {step.name}" for step in steps)  # type: ignore[union-attr]
    config_path = access.uninstall_ssh_config(environment.state_dir) if volumes else None
    removed += (f"its line in {config_path}",) if config_path else ()
    our_volumes = (
        name
        for name, volume in actual.volumes.items()
        if naming.belongs_to(volume.labels, environment.owner, environment.project)
    )
    kept_volumes = () if volumes else tuple(sorted(our_volumes))
    return Report("down", environment.name, DownResult(environment.name, removed, kept_volumes))


def _release_remote(
    environment: Environment,
    engine: Engine,
    actual: ActualState,
    *,
    volumes: bool,
    discard: bool,
    on_progress: ProgressCallback,
) -> None:
    """Bring back from another machine what is there alone, and take back the ports that lead there."""
    if not (volumes and discard):
        sync.pull_back(environment, engine, actual=actual, is_final=volumes, on_progress=on_progress)
    ports.release(environment.endpoint, environment.state.forwarded)
