"""`ssh-config`: print the SSH host entry of an environment, or include it in `~/.ssh/config`."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import state_paths
from envkit.errors import PreconditionError
from envkit.fs import files

if TYPE_CHECKING:
    from envkit.environment.project import Environment
    from envkit.state import StateDir


def read(environment: Environment) -> str:
    """Return the SSH host entry.

    Raises:
        PreconditionError: The environment has no SSH host entry yet.
    """
    content = files.read(environment.state_dir.client / "ssh_config")
    if content is None:
        raise PreconditionError(
            f"the environment {environment.name} has no SSH host entry yet",
            code="environment-incomplete",
            hint=environment.hint,
        )
    return content.decode()


def install(environment: Environment) -> Path:
    """Add an Include line for the entry to `~/.ssh/config`, and return that file's path.

    If the file is a symbolic link, its target is changed: such links belong to a dotfiles repository.

    Raises:
        OSError: The file cannot be read or written.
        PreconditionError: The caller has no home, or the folder belongs to another user, for example to root when sudo
            keeps the user's home.
    """
    folder = Path(state_paths.require_home()) / ".ssh"
    if not folder.is_dir():
        files.ensure_private_folder(folder)
    if folder.stat().st_uid != os.getuid():
        raise PreconditionError(
            f"{folder} belongs to another user", code="wrong-owner", hint="run the command as that user, without sudo"
        )
    config_path = folder / "config"
    real_path = Path(os.path.realpath(config_path))
    line = _include_line(environment.state_dir)
    content = (files.read(real_path) or b"").decode(errors="surrogateescape")
    if line not in content:
        # An Include below a Host line applies to that host only, so it is the first line.
        files.write(real_path, (line + content).encode(errors="surrogateescape"))
    return config_path


def uninstall(state_dir: StateDir) -> Path | None:
    """Remove the Include line of an environment from `~/.ssh/config`; return the file's path if it had one.

    A file that cannot be read or written is left alone: an SSH client ignores an Include of a missing file.
    """
    with suppress(OSError, PreconditionError):  # the caller may have no home
        config_path = Path(state_paths.require_home()) / ".ssh" / "config"
        real_path = Path(os.path.realpath(config_path))
        content, line = files.read(real_path) or b"", os.fsencode(_include_line(state_dir))
        lines = content.splitlines(keepends=True)
        file_stat = real_path.stat()
        if line in lines and file_stat.st_uid == os.getuid():
            content = b"".join(other for other in lines if other != line)
            files.write(real_path, content, mode=stat.S_IMODE(file_stat.st_mode))
            return config_path
    return None


def _include_line(state_dir: StateDir) -> str:
    return f'Include "{state_dir.client / "ssh_config"}"\n'
