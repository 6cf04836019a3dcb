"""`logs`: print what an environment's container wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.environment import project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.environment.project import Environment


def logs(environment: Environment, *, lines: int | None, follow: bool) -> Iterator[bytes]:
    """Yield the log of an environment's container, in chunks.

    Args:
        environment: Environment whose log to read.
        lines: Number of lines from the end, or None for all.
        follow: Whether to go on until the container stops.

    Raises:
        StartFailed: The environment has no container.
    """
    backend, container_name = environment.connect(), environment.container_name
    if backend.container(container_name) is None:
        project.require_running(backend, environment)  # raises the same error as every other verb
    return backend.logs(container_name, lines=lines, follow=follow)
