"""Recognize a project folder that was moved, so that its environment moves with it.

A folder is recognized by device, inode and time of birth: an inode alone is soon used again for an unrelated folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import process, state
from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.state import State
    from envkit.state import StateDir

STAT_TIMEOUT_S = 10.0


def folder_id(folder: str) -> str:
    """Return an identifier that a folder keeps when it is moved; empty if its file system has none."""
    try:
        result = process.run(["stat", "-c", "%d %i %W", "--", folder], timeout_s=STAT_TIMEOUT_S)
    except (OSError, process.TimeoutExpired):
        return ""
    parts = result.out.split()
    # A file system without times of birth reports 0, and an old program a dash or a question mark.
    is_complete = not result.code and len(parts) == 3 and all(part.isdecimal() and int(part) for part in parts)
    return ":".join(parts) if is_complete else ""


def is_replaced(saved_state: State) -> bool:
    """Check whether another folder is now at the path of a project whose workspace it contains.

    A running container still has the old one. The device is not compared: its number can change with a restart.
    """
    workspace, project = saved_state.workspace or saved_state.project, saved_state.project
    _, _, rest = saved_state.folder_id.partition(":")
    if not rest or not (workspace == project or workspace.startswith(f"{project}/")):
        return False
    try:
        return not rest.startswith(f"{Path(project).stat().st_ino}:")
    except OSError:
        return False


def refresh_id(saved_id: str, folder: str) -> str:
    """Return the identifier of a folder, asked again only if it cannot be the saved one."""
    return saved_id if _may_be(saved_id, folder) else folder_id(folder)


def adopt(engine: str, folder: str, on_wait: Callable[[], None] = lambda: None) -> State | None:
    """Move the state of an environment to the current path of its project folder.

    Args:
        engine: Endpoint of the engine.
        folder: Real path of a project folder without an environment.
        on_wait: Callback before waiting for another command.

    Returns:
        The state, or None if no environment belongs to the folder.

    Raises:
        OSError: The state cannot be moved.
    """
    target = state.directory(engine, folder)
    for state_dir, saved_state in state.environments(engine):
        if state_dir != target and _belongs_to(saved_state, folder):
            with state.locked(state_dir, on_wait):
                return _move(state_dir, saved_state, target, folder)
    return None


def _belongs_to(saved_state: State, folder: str) -> bool:
    if saved_state.project == folder:  # an earlier move was interrupted
        return True
    if not _may_be(saved_state.folder_id, folder) or _may_be(saved_state.folder_id, saved_state.project):
        return False
    return saved_state.folder_id == folder_id(folder)


def _may_be(identifier: str, folder: str) -> bool:
    """Compare device and inode only, without starting a program."""
    try:
        info = Path(folder).stat()
    except OSError:
        return False
    return identifier.startswith(f"{info.st_dev}:{info.st_ino}:")


def _move(state_dir: StateDir, saved_state: State, target: StateDir, folder: str) -> State:
    moved_state = replace(
        saved_state,
        project=folder,
        workspace=_moved_path(saved_state.workspace, saved_state.project, folder),
        creation_path=saved_state.creation_path or saved_state.project,
    )
    state.save(state_dir, moved_state)
    state.forget(target)  # without a state file it holds at most a lock
    files.move_folder(state_dir.folder, target.folder)
    return moved_state


def _moved_path(path: str, old_folder: str, folder: str) -> str:
    is_inside = path == old_folder or path.startswith(f"{old_folder}/")
    return folder + path.removeprefix(old_folder) if is_inside else path
