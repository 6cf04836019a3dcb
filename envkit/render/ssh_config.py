"""The SSH client's host entry for an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.artifact import Artifact
from envkit.render.jinja import render_template

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "ssh_config"


def render(name: str, host: str, folder: str, proxy: Sequence[str], *, port: int = 0, agent: bool = False) -> Artifact:
    """Render the host entry.

    Args:
        name: The environment's name.
        host: The host's name in the entry: the container's.
        folder: Folder of the client's key and of the pinned host key.
        proxy: The command that connects to the container's SSH server, for where no port is published.
        port: The port of loopback it is published at, or 0.
        agent: Whether the caller's agent is forwarded.
    """
    content = render_template(
        "ssh_config.j2",
        name=name,
        host=host,
        user=naming.USER,
        proxy=proxy,
        port=port,
        agent=agent,
        identity=f"{folder}/id_ed25519",
        known_hosts=f"{folder}/known_hosts",
    )
    return Artifact(FILE, content, 0o600)
