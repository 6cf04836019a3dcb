"""Traces of an environment: its container on the engine, and its folder in the owner's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import naming, state

if TYPE_CHECKING:
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.support.account import User


def state_folder(user: User, project: Path, engine: str = "local") -> Path:
    """Return the state folder of a project's environment."""
    return user.home / ".local/state/envkit" / engine / state.directory("", str(project)).folder.name


def container_name(user: User, project: Path) -> str:
    """Return the name of the container and the network of a project's environment."""
    return naming.container(user.uid, project.name)


def container(engine: docker.DockerClient, user: User, project: Path) -> Container:
    """Return the current container of a project's environment."""
    return engine.containers.get(container_name(user, project))


def start_identity(container: Container) -> tuple[str | None, Any]:
    """Return the identity of a container's current start: a restart or a new container changes it."""
    return container.id, container.attrs["State"]["StartedAt"]


def has_no_state(user: User, project: Path) -> bool:
    """Check that the state folder of no engine contains a project's environment."""
    name = state_folder(user, project).name
    return not list(user.home.glob(f".local/state/envkit/*/{name}"))
