"""What an environment leaves where: on the engine, and in its owner's state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import names, state

if TYPE_CHECKING:
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.functional.account import User
    from tests.functional.workspaces import Workspaces


def state_folder(user: User, project: Path, engine: str = "local") -> Path:
    """Return where envkit keeps what it remembers of a project's environment."""
    return user.home / ".local/state/envkit" / engine / state.place("", str(project)).folder.name


def title(user: User, project: Path) -> str:
    """Return what the container and the network of a project's environment are called."""
    return names.container(user.uid, project.name)


def container(engine: docker.DockerClient, user: User, project: Path) -> Container:
    """Return the container of a project's environment as it is now."""
    return engine.containers.get(title(user, project))


def life(one: Container) -> tuple[str | None, Any]:
    """Return what tells one start of one container from any other."""
    return one.id, one.attrs["State"]["StartedAt"]


def users_of(engine: docker.DockerClient, volume: str) -> list[Container]:
    """Return every container that mounts a volume, whatever its state and whoever made it."""
    return engine.containers.list(all=True, filters={"volume": volume})


def on_engine(workspace: Workspaces, project: Path) -> list[str]:
    """Return the names of everything on the engine that belongs to a project's environment."""
    engine, name = workspace.engine, title(workspace.user, project)
    found = [one.name for one in engine.containers.list(all=True) if (one.name or "").startswith(name)]
    found += [one.name for one in users_of(engine, f"{name}-home")]
    found += [one.name for one in engine.networks.list() if (one.name or "").startswith(name)]
    return sorted(str(one) for one in {*found, *(one.name for one in engine.volumes.list() if one.name.startswith(name))})
