"""State of each environment, kept outside the workspace, which the container can write to.

$XDG_STATE_HOME/envkit/<engine>/<environment>/
    state.json      name, automatic choices, approvals
    lock            held by the command that changes the environment
    mount/          token, host key, authorized_keys, settings.json, secrets/; mounted read-only
    etc/            passwd and group, mounted over the image's
    guard/          copies of the config files, mounted read-only over those in the workspace
    client/         files of the SSH client on this host
    rendered/       artifacts of the last `up`
    last-applied.json  what the last `up` made, for the audit
    sync-baseline.json  sync baseline of workspace and copy, for a remote engine
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import state_format, state_paths
from envkit.errors import PreconditionError
from envkit.fs import files, leftovers, locks
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMAT = 1
STATE_FILE = state_paths.STATE_FILE


def engine_root(engine: str) -> Path:
    """Return the folder of all environments on one engine, by its endpoint."""
    return Path(state_paths.engine_root(engine))


def state_home() -> Path:
    """Return the folder of all state."""
    return Path(state_paths.state_home())


@dataclass(frozen=True, slots=True)
class StateDir:
    """The state folder of one environment."""

    folder: Path

    @property
    def mount(self) -> Path:
        """Files that the container reads."""
        return self.folder / "mount"

    @property
    def etc(self) -> Path:
        """`passwd` and `group` of the container."""
        return self.folder / "etc"

    @property
    def guard(self) -> Path:
        """Copies of the config files, mounted over those in the workspace."""
        return self.folder / "guard"

    @property
    def client(self) -> Path:
        """Files of the SSH client on this host."""
        return self.folder / "client"

    @property
    def rendered(self) -> Path:
        """Artifacts of the last `up`."""
        return self.folder / "rendered"

    @property
    def lock(self) -> Path:
        """Lock file, held by the command that changes the environment."""
        return self.folder / "lock"


def directory(engine: str, project: str) -> StateDir:
    """Return the state folder of a project's environment: one folder per real path."""
    return StateDir(Path(state_paths.environment_folder(engine, project)))


def load(state_dir: StateDir) -> State | None:
    """Load the state of an environment, or return None if there is none.

    Raises:
        OSError: The file exists and cannot be read.
        PreconditionError: The file is damaged.
    """
    content = files.read(state_dir.folder / STATE_FILE)
    if content is None:
        return None
    try:
        data = json.loads(content)
        if data.pop("format") != FORMAT:
            raise ValueError("unknown format")
        if name := state_format.find_invalid_state_field(data):
            raise ValueError(f"invalid field {name}")
        data["approved"] = None if data["approved"] is None else tuple(data["approved"])
        return State(**data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PreconditionError(
            f"{state_dir.folder / STATE_FILE} is damaged: {error}",
            code="state-damaged",
            hint=f"rm {state_dir.folder / STATE_FILE}, then envkit up, which finds container, volumes, token and keys",
        ) from error


def save(state_dir: StateDir, state: State) -> None:
    """Save the state of an environment atomically.

    Raises:
        OSError: The disk is full, or the folder is not writable.
        PreconditionError: The state folder is not private.
    """
    files.ensure_private_folder(state_dir.folder)
    text = json.dumps({"format": FORMAT, **asdict(state)}, indent=1, sort_keys=True)
    files.write(state_dir.folder / STATE_FILE, text.encode())


def environments(engine: str) -> Iterator[tuple[StateDir, State]]:
    """Yield every environment of one engine, sorted by its folder's name; damaged ones are skipped.

    Raises:
        OSError: A state file cannot be read.
    """
    for state_dir in directories(engine):
        try:
            state = load(state_dir)
        except (PreconditionError, PermissionError):  # damaged, or another user's
            continue
        if state is not None:
            yield state_dir, state


def damaged(engine: str) -> Iterator[tuple[StateDir, PreconditionError]]:
    """Yield every environment of one engine whose state file is damaged, with the error of `load`."""
    for state_dir in directories(engine):
        try:
            load(state_dir)
        except PreconditionError as error:
            yield state_dir, error
        except OSError:  # another user's
            continue


def directories(engine: str) -> Iterator[StateDir]:
    """Yield the state folder of each environment of one engine, including those being created."""
    folder = engine_root(engine)
    yield from map(StateDir, sorted(folder.iterdir()) if folder.is_dir() else ())


@contextmanager
def locked(state_dir: StateDir, on_wait: Callable[[], None], *, private: bool = True) -> Iterator[None]:
    """Hold the lock of an environment while the body runs, after removing what killed commands left in its folder.

    Args:
        state_dir: State folder of the environment, which is created if it is missing.
        on_wait: Function that is called before waiting for another process; it may raise to give up.
        private: Whether to refuse a state folder that is open to other users.

    Raises:
        OSError: The lock file cannot be created.
        PreconditionError: The state folder is not private.
    """
    with locks.hold(state_dir.lock, on_wait, private=private):
        leftovers.remove_below(state_dir.folder)
        yield


def forget(state_dir: StateDir) -> None:
    """Remove the state of an environment.

    The files that `down` needs to find it are removed last, so an interrupted removal can be repeated.
    """
    final_paths = (state_dir.folder / STATE_FILE, state_dir.lock)
    for path in state_dir.folder.iterdir() if state_dir.folder.is_dir() else ():
        if path not in final_paths:
            files.remove(path)
    for path in final_paths:
        files.remove(path)
    with suppress(OSError):  # another envkit process uses it again
        state_dir.folder.rmdir()
