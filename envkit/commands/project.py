"""Which project, config and engine a command is about."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import files, names, state
from envkit.engines.endpoint import endpoint, named
from envkit.errors import EnvkitError, Refusal, StartFailed
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.config import Config
    from envkit.engines.connect import Engine
    from envkit.model.found import FoundContainer
    from envkit.state import Place

FILE = "envkit.yaml"
STATUS = {"exited": "has stopped", "dead": "has stopped", "created": "has not started yet"}


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder with its config and what is remembered of it.

    Attributes:
        folder: Real path of the folder the config file lies in, or would.
        config: As written, flags included.
        endpoint: Where its engine is.
        place: Where its state lies.
        state: What is remembered, or None before the first `up`.
    """

    folder: str
    config: Config
    endpoint: str
    place: Place
    state: State | None


@dataclass(frozen=True, slots=True)
class Known:
    """An environment that exists, found without reading any config: a broken file stops no `down`.

    Attributes:
        name: Its name.
        project: Real path of its project folder.
        owner: UID of the caller.
        place: Where its state lies.
        state: What is remembered of it.
        endpoint: Where its engine is.
    """

    name: str
    project: str
    owner: int
    place: Place
    state: State
    endpoint: str

    @property
    def container(self) -> str:
        """Return what its container is called."""
        return names.container(self.owner, self.name)

    @property
    def mend(self) -> str:
        """Return the command that brings it up from where the caller stands, or removes one whose folder is gone."""
        if is_gone(self.project):
            return removal(self.name)
        elsewhere = "" if _stands_in(self.project) else f" --project {shlex.quote(self.project)}"
        return f"envkit up{elsewhere}{named()}"

    def connect(self) -> Engine:
        """Reach its engine.

        Raises:
            EngineUnavailable: Nothing answers there.
        """
        from envkit.engines import connect

        return connect.connect(self.endpoint)


def folder_of(start: Path) -> str:
    """Return the nearest folder upwards that has a config file or an environment, or else the folder itself.

    An environment is looked for where the caller remembers it, which is nobody else's to write.

    Raises:
        Refusal: There is no such folder, or its name cannot be written in UTF-8.
    """
    try:
        here = start.expanduser().resolve(strict=True)
    except OSError as error:
        raise Refusal(f"{start} is not there", mend=f"mkdir -p {start}, or name another folder") from error
    if not here.is_dir():
        raise Refusal(f"{start} is not a folder", mend="name the project's folder")
    try:
        str(here).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(here).decode(errors="backslashreplace")
        raise Refusal(f"the name of {shown} is not UTF-8", mend="rename the folder, or copy it to another") from error
    at = endpoint()
    for folder in (here, *here.parents):
        if (folder / FILE).exists():
            _refuse_planted(folder / FILE, here)
            return str(folder)
        if (state.place(at, str(folder)).folder / state.RECORD).is_file():
            return str(folder)
    return str(here)


def _refuse_planted(config: Path, here: Path) -> None:
    """Refuse to obey a config that somebody else put above the caller's folder, as anybody can in /tmp."""
    trusted = {0, os.getuid(), here.stat().st_uid}
    if config.lstat().st_uid not in trusted or config.stat().st_uid not in trusted:
        raise Refusal(
            f"{config} belongs to user {config.lstat().st_uid}, and it would decide what is mounted for you",
            mend=f"put an {FILE} of your own into {here}, or work elsewhere",
        )


def _refuse_linked(config: Path) -> None:
    """Refuse a config whose file is elsewhere: what keeps it from being changed inside covers its name alone."""
    if config.is_symlink():
        raise Refusal(
            f"{config} is a link, and what it leads to could be changed from inside the workspace",
            mend=f"put the file itself in its place: cp --remove-destination {os.path.realpath(config)} {config}",
        )


def load(start: Path, flags: Mapping[str, object]) -> Project:
    """Load a project's config, flags over it, and what is remembered of it.

    Raises:
        ConfigError: Everything that is wrong with the config at once.
        Refusal: There is no such folder, or its config file cannot be read.
    """
    from envkit import config

    folder = folder_of(start)
    _refuse_linked(Path(folder) / FILE)
    loaded = config.load(_text(Path(folder) / FILE), FILE)
    if flags:
        loaded = loaded.with_(**flags)
    at = endpoint()
    place = state.place(at, folder)
    return Project(folder, loaded, at, place, state.load(place))


def known(start: Path, name: str | None) -> Known:
    """Find an environment by its name, or by the folder the caller stands in.

    Raises:
        Refusal: There is none.
    """
    at = endpoint()
    if name is not None:
        for place, remembered in state.all_of(at):
            if remembered.name == name:
                return _known(at, place, remembered)
        raise no_environment(name)
    folder = folder_of(start)
    place = state.place(at, folder)
    remembered_here = state.load(place) or _from_labels(at, folder)
    if remembered_here is None:
        raise Refusal(f"{folder} has no environment", mend="envkit up starts one; envkit status lists yours")
    return _known(at, place, remembered_here)


def running(engine: Engine, known: Known) -> FoundContainer:
    """Return the container of an environment of the caller's that runs.

    Raises:
        StartFailed: It does not.
    """
    from envkit.engines import look

    found = look.container(engine, known.container)
    if found is None or found.status != "running":
        what = "is down" if found is None else STATUS.get(found.status, f"is {found.status}")
        gone = f", and its folder {known.project} is gone" if is_gone(known.project) else ""
        raise StartFailed(f"the environment {known.name} {what}{gone}", mend=known.mend)
    return found


def is_gone(folder: str) -> bool:
    """Say whether a project's folder is not there any more; one that may not be looked at counts as gone."""
    return not os.path.isdir(folder)  # noqa: PTH112 - one that may not be entered is no error


def removal(name: str) -> str:
    """Return the command that removes an environment from wherever the caller stands."""
    return f"envkit down --volumes --name {name}{named()}"


def _stands_in(folder: str) -> bool:
    try:
        return folder_of(Path()) == folder
    except (EnvkitError, OSError):
        return False


def no_environment(name: str) -> Refusal:
    """Return the refusal of a name that no environment has."""
    return Refusal(f"there is no environment {name!r}", mend="envkit status lists yours")


def names_known() -> list[str]:
    """Return the names of the caller's environments on the engine that a command would use."""
    return [one.name for _, one in state.all_of(endpoint())]


def names_taken(at: str, but: str) -> dict[str, str]:
    """Return the names of the caller's environments on an engine, each with its project; not `but`'s."""
    return {one.name: one.project for _, one in state.all_of(at) if one.project != but}


def _from_labels(at: str, folder: str) -> State | None:
    """Know an environment by its labels on the engine: its state was removed by hand, and `down` must still work."""
    from envkit.engines import connect, look

    try:
        held = look.labels_held(connect.connect(at), os.getuid())
    except EnvkitError:
        return None
    labels = (one for one in held if names.ours(one, os.getuid(), folder))
    return next((State(one[names.NAME], folder) for one in labels if names.NAME in one), None)


def _known(at: str, place: Place, remembered: State) -> Known:
    return Known(remembered.name, remembered.project, os.getuid(), place, remembered, at)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file"
        raise Refusal(f"{path} is {what}, and a config is a file", mend=f"put a file there, or: mv {path} {path}.old")
    content = files.readable(path)
    if content is None:
        raise Refusal(f"{path} cannot be read", mend=f"chmod u+r {path}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Refusal(f"{path} is not UTF-8 text", mend="save it as UTF-8") from error
