"""`prune`: remove unused resources that envkit created, and nothing else."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from envkit import backends, naming, state
from envkit.backends import endpoint
from envkit.errors import PreconditionError
from envkit.model.report import Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from envkit.state import StateDir


@dataclass(frozen=True, slots=True)
class PruneResult:
    """Resources that were removed, or would be.

    Attributes:
        removed: Resources, such as `image REF`.
        freed_bytes: Size of the removed images; an upper bound in a dry run.
        dry_run: Whether nothing was removed.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    dry_run: bool = False


def prune(*, dry_run: bool, on_progress: Callable[[Progress], None]) -> Report[PruneResult]:
    """Remove images that no environment needs, and containers and networks that belong to no environment.

    Volumes of environments that are down are kept: only `down --volumes` removes them.

    Args:
        dry_run: Whether to report only.
        on_progress: Callback for progress.

    Raises:
        EngineUnavailable: No engine answers.
        PreconditionError: Another command is running, or a state file is damaged: resources would look unused.
    """
    engine_endpoint = endpoint.current_endpoint()
    backend = backends.connect(engine_endpoint)
    owner = os.getuid()
    with _lock_all(engine_endpoint):
        for _, error in state.damaged(engine_endpoint):
            raise error  # the resources of its environment would look unused
        states = [saved_state for _, saved_state in state.environments(engine_endpoint)]
        container_names = {naming.container(owner, saved_state.name) for saved_state in states}
        base_ids, image_refs = (
            {saved_state.base_id for saved_state in states},
            {saved_state.image_ref for saved_state in states},
        )
        on_progress(Progress("prune", "looking for unused resources"))
        resources = backend.find_unused(owner, container_names, base_ids, image_refs)
        if dry_run:
            result = PruneResult(tuple(map(str, resources)), backend.reclaimable_bytes(resources), dry_run=True)
            return Report("prune", "", result)
        removed, freed_bytes = backend.remove_unused(resources, on_progress)
    return Report("prune", "", PruneResult(tuple(removed), freed_bytes))


@contextmanager
def _lock_all(engine_endpoint: str) -> Iterator[None]:
    """Hold the lock of every environment; never wait for one, because that would block all the others."""
    with ExitStack() as stack:
        for state_dir in state.directories(engine_endpoint):
            if state_dir.lock.is_file():
                stack.enter_context(state.locked(state_dir, partial(_raise_busy, state_dir)))
        yield


def _raise_busy(state_dir: StateDir) -> NoReturn:
    raise PreconditionError(
        f"another envkit command is running on the environment in {state_dir.folder}",
        code="environment-locked",
        hint="repeat the command when it has finished",
    )
