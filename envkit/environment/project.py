"""Which project, config and engine a command is about."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming, state
from envkit.backends.docker.endpoint import current_endpoint, engine_flag
from envkit.errors import EnvkitError, PreconditionError, StartFailed
from envkit.fs import files
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.backends.docker.client import Engine
    from envkit.config import Config
    from envkit.model.engine_state import ContainerInfo
    from envkit.state import StateDir

CONFIG_FILE = "envkit.yaml"
STATUS_TEXTS = {"exited": "has stopped", "dead": "has stopped", "created": "has not started yet"}


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder with its config and what is remembered of it.

    Attributes:
        folder: Real path of the folder the config file lies in, or would.
        config: As written, flags included.
        endpoint: Where its engine is.
        state_dir: Where its state lies.
        state: What is remembered, or None before the first `up`.
    """

    folder: str
    config: Config
    endpoint: str
    state_dir: StateDir
    state: State | None


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that exists, found without reading any config: a broken file stops no `down`.

    Attributes:
        name: Its name.
        project: Real path of its project folder.
        owner: UID of the caller.
        state_dir: Where its state lies.
        state: What is remembered of it.
        endpoint: Where its engine is.
    """

    name: str
    project: str
    owner: int
    state_dir: StateDir
    state: State
    endpoint: str

    @property
    def container_name(self) -> str:
        """Return what its container is called."""
        return naming.container(self.owner, self.name)

    @property
    def hint(self) -> str:
        """Return the command that brings it up from where the caller stands, or removes one whose folder is gone."""
        if is_folder_missing(self.project):
            return removal_command(self.name)
        project_option = "" if _is_current_project(self.project) else f" --project {shlex.quote(self.project)}"
        return f"envkit up{project_option}{engine_flag()}"

    def connect(self) -> Engine:
        """Reach its engine.

        Raises:
            EngineUnavailable: Nothing answers there.
        """
        from envkit.backends.docker import client

        return client.connect(self.endpoint)


def find_folder(start: Path) -> str:
    """Return the nearest folder upwards that has a config file or an environment, or else the folder itself.

    An environment is looked for where the caller remembers it, which is nobody else's to write.

    Raises:
        Refusal: There is no such folder, or its name cannot be written in UTF-8.
    """
    try:
        start_folder = start.expanduser().resolve(strict=True)
    except OSError as error:
        raise PreconditionError(f"{start} is not there", hint=f"mkdir -p {start}, or name another folder") from error
    if not start_folder.is_dir():
        raise PreconditionError(f"{start} is not a folder", hint="name the project's folder")
    try:
        str(start_folder).encode()
    except UnicodeEncodeError as error:
        display_path = os.fsencode(start_folder).decode(errors="backslashreplace")
        raise PreconditionError(
            f"the name of {display_path} is not UTF-8", hint="rename the folder, or copy it to another"
        ) from error
    engine_endpoint = current_endpoint()
    for folder in (start_folder, *start_folder.parents):
        if (folder / CONFIG_FILE).exists():
            _refuse_foreign_config(folder / CONFIG_FILE, start_folder)
            return str(folder)
        if (state.directory(engine_endpoint, str(folder)).folder / state.STATE_FILE).is_file():
            return str(folder)
    return str(start_folder)


def _refuse_foreign_config(config_path: Path, start_folder: Path) -> None:
    """Refuse to obey a config that somebody else put above the caller's folder, as anybody can in /tmp."""
    trusted_uids = {0, os.getuid(), start_folder.stat().st_uid}
    if config_path.lstat().st_uid not in trusted_uids or config_path.stat().st_uid not in trusted_uids:
        raise PreconditionError(
            f"{config_path} belongs to user {config_path.lstat().st_uid}, and it would decide what is mounted for you",
            hint=f"put an {CONFIG_FILE} of your own into {start_folder}, or work elsewhere",
        )


def _refuse_symlink(config_path: Path) -> None:
    """Refuse a config whose file is elsewhere: what keeps it from being changed inside covers its name alone."""
    if config_path.is_symlink():
        raise PreconditionError(
            f"{config_path} is a link, and what it leads to could be changed from inside the workspace",
            hint=f"put the file itself in its place: cp --remove-destination {os.path.realpath(config_path)} {config_path}",
        )


def load(start: Path, flags: Mapping[str, object]) -> Project:
    """Load a project's config, flags over it, and what is remembered of it.

    Raises:
        ConfigError: Everything that is wrong with the config at once.
        Refusal: There is no such folder, or its config file cannot be read.
    """
    from envkit import config

    folder = find_folder(start)
    _refuse_symlink(Path(folder) / CONFIG_FILE)
    project_config = config.load(_read_config(Path(folder) / CONFIG_FILE), CONFIG_FILE)
    if flags:
        project_config = project_config.with_flags(**flags)
    engine_endpoint = current_endpoint()
    state_dir = state.directory(engine_endpoint, folder)
    return Project(folder, project_config, engine_endpoint, state_dir, state.load(state_dir))


def find_environment(start: Path, name: str | None) -> Environment:
    """Find an environment by its name, or by the folder the caller stands in.

    Raises:
        Refusal: There is none.
    """
    engine_endpoint = current_endpoint()
    if name is not None:
        for state_dir, saved_state in state.environments(engine_endpoint):
            if saved_state.name == name:
                return _environment(engine_endpoint, state_dir, saved_state)
        raise environment_not_found(name)
    folder = find_folder(start)
    state_dir = state.directory(engine_endpoint, folder)
    folder_state = state.load(state_dir) or _state_from_labels(engine_endpoint, folder)
    if folder_state is None:
        raise PreconditionError(f"{folder} has no environment", hint="envkit up starts one; envkit status lists yours")
    return _environment(engine_endpoint, state_dir, folder_state)


def require_running(engine: Engine, environment: Environment) -> ContainerInfo:
    """Return the container of an environment of the caller's that runs.

    Raises:
        StartFailed: It does not.
    """
    from envkit.backends.docker import inspect

    container = inspect.container(engine, environment.container_name)
    if container is None or container.status != "running":
        status_text = "is down" if container is None else STATUS_TEXTS.get(container.status, f"is {container.status}")
        folder_note = (
            f", and its folder {environment.project} is gone" if is_folder_missing(environment.project) else ""
        )
        raise StartFailed(f"the environment {environment.name} {status_text}{folder_note}", hint=environment.hint)
    return container


def is_folder_missing(folder: str) -> bool:
    """Say whether a project's folder is not there any more; one that may not be looked at counts as gone."""
    return not os.path.isdir(folder)  # noqa: PTH112 - one that may not be entered is no error


def removal_command(name: str) -> str:
    """Return the command that removes an environment from wherever the caller stands."""
    return f"envkit down --volumes --name {name}{engine_flag()}"


def _is_current_project(folder: str) -> bool:
    try:
        return find_folder(Path()) == folder
    except (EnvkitError, OSError):
        return False


def environment_not_found(name: str) -> PreconditionError:
    """Return the refusal of a name that no environment has."""
    return PreconditionError(f"there is no environment {name!r}", hint="envkit status lists yours")


def environment_names() -> list[str]:
    """Return the names of the caller's environments on the engine that a command would use."""
    return [saved_state.name for _, saved_state in state.environments(current_endpoint())]


def used_names(engine_endpoint: str, excluded_project: str) -> dict[str, str]:
    """Return the names of the caller's environments on an engine, each with its project; not `excluded_project`'s."""
    return {
        saved_state.name: saved_state.project
        for _, saved_state in state.environments(engine_endpoint)
        if saved_state.project != excluded_project
    }


def _state_from_labels(engine_endpoint: str, folder: str) -> State | None:
    """Know an environment by its labels on the engine: its state was removed by hand, and `down` must still work."""
    from envkit.backends.docker import client, inspect

    try:
        label_sets = inspect.resource_labels(client.connect(engine_endpoint), os.getuid())
    except EnvkitError:
        return None
    matches = (labels for labels in label_sets if naming.belongs_to(labels, os.getuid(), folder))
    return next((State(labels[naming.NAME], folder) for labels in matches if naming.NAME in labels), None)


def _environment(engine_endpoint: str, state_dir: StateDir, saved_state: State) -> Environment:
    return Environment(saved_state.name, saved_state.project, os.getuid(), state_dir, saved_state, engine_endpoint)


def _read_config(path: Path) -> str:
    if not path.exists():
        return ""
    if not path.is_file():
        file_kind = "a folder" if path.is_dir() else "no regular file"
        raise PreconditionError(
            f"{path} is {file_kind}, and a config is a file", hint=f"put a file there, or: mv {path} {path}.old"
        )
    content = files.read_if_permitted(path)
    if content is None:
        raise PreconditionError(f"{path} cannot be read", hint=f"chmod u+r {path}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise PreconditionError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
