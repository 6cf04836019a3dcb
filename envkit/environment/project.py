"""Which project, config and engine a command is about."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import backends, naming, state
from envkit.backends.endpoint import current_endpoint, engine_flag
from envkit.environment import moved_project, project_folder
from envkit.errors import EnvkitError, PreconditionError, StartFailed
from envkit.fs import files
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.backends.backend import Backend
    from envkit.config import Config
    from envkit.model.engine_state import ContainerInfo
    from envkit.state import StateDir

CONFIG_FILE = project_folder.CONFIG_FILE
STATUS_TEXTS = {"exited": "has stopped", "dead": "has stopped", "created": "has not started yet"}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a valid configuration; its environment may not exist yet (`Environment`: exists, no configuration).

    Attributes:
        folder: Real path of the folder that contains the configuration file, or would.
        config: Configuration, with flags applied.
        endpoint: Endpoint of the engine.
        state_dir: State directory of its environment.
        state: Saved state, or None before the first `up`.
    """

    folder: str
    config: Config
    endpoint: str
    state_dir: StateDir
    state: State | None


@dataclass(frozen=True, slots=True)
class Environment:
    """An existing environment, found without reading its configuration: an invalid file must not block `down`.

    Attributes:
        name: Name of the environment.
        project: Real path of its project folder.
        owner: UID of its owner.
        state_dir: Its state directory.
        state: Its saved state.
        endpoint: Endpoint of its engine.
    """

    name: str
    project: str
    owner: int
    state_dir: StateDir
    state: State
    endpoint: str

    @property
    def container_name(self) -> str:
        """Name of its container."""
        return naming.container(self.owner, self.name)

    @property
    def hint(self) -> str:
        """Command that brings it up from the working folder, or what to do if its project folder is missing."""
        if is_folder_missing(self.project):
            return f"if you moved the folder, run envkit up there; otherwise {stop_command(self.name)}"
        project_option = "" if _is_current_project(self.project) else f" --project {shlex.quote(self.project)}"
        return f"envkit up{project_option}{engine_flag()}"

    def connect(self) -> Backend:
        """Connect to its engine.

        Raises:
            EngineUnavailable: No engine answers at its endpoint.
        """
        return backends.connect(self.endpoint)


def find_folder(start: Path) -> str:
    """Find the nearest folder upwards with a configuration file or an environment; default to the folder itself.

    Environments are found by the caller's own state directories, which no other user can write.

    Raises:
        PreconditionError: The folder does not exist, or its name is not UTF-8.
    """
    return project_folder.find(str(start), current_endpoint)


def _refuse_links(config_path: Path) -> None:
    """Reject a link of either kind: the guard against changes from the container protects only this path."""
    if config_path.is_symlink():
        raise PreconditionError(
            f"{config_path} is a symbolic link, and container code could change its target",
            code="config-symlink",
            hint=f"replace the link by the file: cp --remove-destination {os.path.realpath(config_path)} {config_path}",
        )
    if config_path.is_file() and config_path.stat().st_nlink > 1:
        copy = config_path.with_name(f"{config_path.name}.copy")
        raise PreconditionError(
            f"{config_path} has another name (a hard link), through which container code could change it",
            code="config-hard-link",
            hint=f"replace it by a copy: cp -p {config_path} {copy} && mv {copy} {config_path}",
        )


def load(start: Path, flags: Mapping[str, object]) -> Project:
    """Load a project: its configuration with flags applied, and its saved state.

    Raises:
        ConfigError: The configuration is invalid.
        PreconditionError: The folder does not exist, or its configuration file cannot be read.
    """
    from envkit import config

    folder = find_folder(start)
    _refuse_links(Path(folder) / CONFIG_FILE)
    project_config = config.load(_read_config(Path(folder) / CONFIG_FILE), CONFIG_FILE)
    if flags:
        project_config = project_config.with_flags(**flags)
    engine_endpoint = current_endpoint()
    state_dir = state.directory(engine_endpoint, folder)
    return Project(folder, project_config, engine_endpoint, state_dir, _load_state(engine_endpoint, folder))


def find_environment(start: Path, name: str | None) -> Environment:
    """Find an environment by its name, or by the folder `start`.

    Raises:
        PreconditionError: There is no such environment.
    """
    engine_endpoint = current_endpoint()
    if name is not None:
        for state_dir, saved_state in state.environments(engine_endpoint):
            if saved_state.name == name:
                return _environment(engine_endpoint, state_dir, saved_state)
        raise environment_not_found(name)
    folder = find_folder(start)
    state_dir = state.directory(engine_endpoint, folder)
    folder_state = _load_state(engine_endpoint, folder) or _state_from_labels(engine_endpoint, folder)
    if folder_state is None:
        raise PreconditionError(
            f"{folder} has no environment",
            code="environment-not-found",
            hint="envkit up starts one; envkit status lists yours",
        )
    return _environment(engine_endpoint, state_dir, folder_state)


def require_running(backend: Backend, environment: Environment) -> ContainerInfo:
    """Return the container of a running environment.

    Raises:
        StartFailed: The environment is not running.
    """
    container = backend.container(environment.container_name)
    if container is None or container.status != "running":
        status_text = "is down" if container is None else STATUS_TEXTS.get(container.status, f"is {container.status}")
        folder_note = (
            f", and its folder {environment.project} is missing" if is_folder_missing(environment.project) else ""
        )
        raise StartFailed(
            f"the environment {environment.name} {status_text}{folder_note}",
            code="environment-not-running",
            hint=environment.hint,
        )
    return container


def is_folder_missing(folder: str) -> bool:
    """Check whether a project folder is missing; a folder that cannot be accessed counts as missing."""
    return not os.path.isdir(folder)  # noqa: PTH112 - Path.is_dir raises if access is denied


def stop_command(name: str) -> str:
    """Return the command that stops an environment from any working folder and keeps its home and its other volumes."""
    return f"envkit down --name {name}{engine_flag()}"


def _is_current_project(folder: str) -> bool:
    try:
        return find_folder(Path()) == folder
    except (EnvkitError, OSError):
        return False


def environment_not_found(name: str) -> PreconditionError:
    """Build the error for a name that no environment has."""
    return PreconditionError(
        f"there is no environment {name!r}", code="environment-not-found", hint="envkit status lists yours"
    )


def environment_names() -> list[str]:
    """Return the names of the caller's environments on the current engine."""
    return [saved_state.name for _, saved_state in state.environments(current_endpoint())]


def used_names(engine_endpoint: str, excluded_project: str) -> dict[str, str]:
    """Map the names of the caller's environments on an engine to their projects, without `excluded_project`."""
    return {
        saved_state.name: saved_state.project
        for _, saved_state in state.environments(engine_endpoint)
        if saved_state.project != excluded_project
    }


def _load_state(engine_endpoint: str, folder: str) -> State | None:
    """Load the state of a folder's environment, which moves with its folder."""
    return state.load(state.directory(engine_endpoint, folder)) or moved_project.adopt(engine_endpoint, folder)


def _state_from_labels(engine_endpoint: str, folder: str) -> State | None:
    """Rebuild a deleted state from labels on the engine, so that `down` still works."""
    try:
        label_sets = backends.connect(engine_endpoint).resource_labels(os.getuid())
    except EnvkitError:
        return None
    names = (labels.get(naming.NAME, "") for labels in label_sets if naming.belongs_to(labels, os.getuid(), folder))
    # The labels of an environment whose folder was moved from here refer to this path.
    known_names = used_names(engine_endpoint, folder)
    return next((State(name, folder) for name in names if name and name not in known_names), None)


def _environment(engine_endpoint: str, state_dir: StateDir, saved_state: State) -> Environment:
    return Environment(saved_state.name, saved_state.project, os.getuid(), state_dir, saved_state, engine_endpoint)


def _read_config(path: Path) -> str:
    if not path.exists():
        return ""
    if not path.is_file():
        file_kind = "a folder" if path.is_dir() else "not a regular file"
        raise PreconditionError(
            f"{path} is {file_kind}", code="config-unreadable", hint=f"replace it by a file, or: mv {path} {path}.old"
        )
    content = files.read_if_permitted(path)
    if content is None:
        raise PreconditionError(f"{path} cannot be read", code="config-unreadable", hint=f"chmod u+r {path}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise PreconditionError(
            f"{path} is not UTF-8 text", code="config-unreadable", hint="save it as UTF-8"
        ) from error
