"""The SSH client's host entry for an environment."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from envkit import names
from envkit.model.plan import Artifact
from envkit.render.environment import text

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "ssh_config"


def render(name: str, host: str, folder: str, proxy: Sequence[str]) -> Artifact:
    """Render the host entry.

    Args:
        name: The environment's name.
        host: The host's name in the entry: the container's.
        folder: Folder of the client's key and of the pinned host key.
        proxy: The command that connects to the container's SSH server.
    """
    rendered = text(
        "ssh_config.j2", name=name, host=host, user=names.USER, proxy=proxy,
        identity=f"{folder}/id_ed25519", known_hosts=f"{folder}/known_hosts",
    )
    return Artifact(FILE, rendered, 0o600)


def ssh_path(path: str) -> str:
    """Quote a path for `ssh_config`, where `%` starts a token.

    Raises:
        ValueError: It holds a character that no quoting there can carry.
    """
    if any(character in path for character in '"\n\r\0'):
        raise ValueError(f"{path!r} cannot stand in an SSH config file")
    return '"' + path.replace("%", "%%") + '"'


def ssh_command(argv: Sequence[str]) -> str:
    """Quote a command for `ProxyCommand`, which a shell runs after the client replaced its `%` tokens.

    Raises:
        ValueError: It holds a line break, which no quoting there can carry.
    """
    if any(character in argument for argument in argv for character in "\n\r\0"):
        raise ValueError("a line break cannot stand in an SSH config file")
    return shlex.join(argv).replace("%", "%%")
