"""SSH client configuration: the host entry of an environment."""

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
        name: Name of the environment.
        host: Host name of the entry, which is the container's name.
        folder: Folder with the client key and the pinned host key.
        proxy: Command that connects to the container's SSH server if no port is published.
        port: Published port on loopback, or 0.
        agent: Whether to forward the caller's SSH agent.
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
