"""What an environment leaves where: on the engine, and in its owner's state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import naming, state

if TYPE_CHECKING:
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.functional.account import User


def state_folder(user: User, project: Path, engine: str = "local") -> Path:
    """Return where envkit keeps what it remembers of a project's environment."""
    return user.home / ".local/state/envkit" / engine / state.directory("", str(project)).folder.name


def title(user: User, project: Path) -> str:
    """Return what the container and the network of a project's environment are called."""
    return naming.container(user.uid, project.name)


def container(engine: docker.DockerClient, user: User, project: Path) -> Container:
    """Return the container of a project's environment as it is now."""
    return engine.containers.get(title(user, project))


def life(one: Container) -> tuple[str | None, Any]:
    """Return what tells one start of one container from any other."""
    return one.id, one.attrs["State"]["StartedAt"]


def forgotten(user: User, project: Path) -> bool:
    """Say whether no engine's state folder remembers a project's environment."""
    name = state_folder(user, project).name
    return not list(user.home.glob(f".local/state/envkit/*/{name}"))
