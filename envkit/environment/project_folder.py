"""Which folder is the project, by paths as text: an unchanged `up` loads nothing else of `project`."""

from __future__ import annotations

import errno
import os
import stat
import sys

from envkit import state_paths
from envkit.errors import PreconditionError

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG_FILE = "envkit.yaml"
ABSENT_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


def find(start: str, find_endpoint: Callable[[], str]) -> str:
    """Find the nearest folder upwards with a configuration file or an environment; default to the folder itself.

    Environments are found by the caller's own state directories, which no other user can write.

    Args:
        start: Folder to start from.
        find_endpoint: Function that returns the endpoint of the engine, called after the folder is checked.

    Raises:
        PreconditionError: The folder does not exist, or its name is not UTF-8.
        OSError: A folder above may not be searched.
    """
    start_folder = _resolve(start)
    engine_endpoint = find_endpoint()
    for folder in (start_folder, *_parents(start_folder)):
        config_path = os.path.join(folder, CONFIG_FILE)
        if _mode(config_path):
            _refuse_foreign_config(config_path, start_folder)
            return folder
        state_folder = state_paths.environment_folder(engine_endpoint, folder)
        if stat.S_ISREG(_mode(os.path.join(state_folder, state_paths.STATE_FILE))):
            return folder
    return start_folder


def _resolve(start: str) -> str:
    try:
        folder = os.path.realpath(os.path.expanduser(start), strict=True)
    except OSError as error:
        raise PreconditionError(
            f"{start} does not exist", code="project-folder-missing", hint=f"mkdir -p {start}, or name another folder"
        ) from error
    if not os.path.isdir(folder):
        raise PreconditionError(
            f"{start} is not a folder", code="project-folder-missing", hint="name the project folder"
        )
    if not folder.isascii() and sys.getfilesystemencoding() != "utf-8":
        raise PreconditionError(
            f"the locale cannot represent the name of {folder!a}",
            code="locale-not-utf8",
            hint="set LC_ALL=C.UTF-8, or rename the folder",
        )
    try:
        folder.encode()
    except UnicodeEncodeError as error:
        display_path = os.fsencode(folder).decode(errors="backslashreplace")
        raise PreconditionError(
            f"the name of {display_path} is not UTF-8",
            code="path-not-utf8",
            hint="rename the folder, or copy it to another",
        ) from error
    return folder


def _parents(folder: str) -> Iterator[str]:
    while (parent := os.path.dirname(folder)) != folder:
        yield parent
        folder = parent


def _mode(path: str) -> int:
    """Return the mode of a file or folder; 0 if there is none."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if error.errno in ABSENT_ERRNOS:
            return 0
        raise


def _refuse_foreign_config(config_path: str, start_folder: str) -> None:
    """Reject a configuration file that another user placed above the caller's folder, which anyone can do in /tmp."""
    trusted_uids = {0, os.getuid(), os.stat(start_folder).st_uid}
    link_uid = os.lstat(config_path).st_uid
    if link_uid not in trusted_uids or os.stat(config_path).st_uid not in trusted_uids:
        raise PreconditionError(
            f"{config_path} belongs to user {link_uid} and would decide what is mounted for you",
            code="config-untrusted",
            hint=f"create your own {CONFIG_FILE} in {start_folder}, or use another folder",
        )
