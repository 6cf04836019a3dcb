"""What is remembered of an environment between calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class State:
    """What envkit remembers of one environment between calls.

    Attributes:
        name: The name it got.
        project: Real path of the project folder.
        workspace: Real path of the workspace.
        port: JupyterLab's loopback port that was picked or asked for; 0 before the first `up`.
        ssh_port: The SSH server's, likewise; 0 before the first `up` that publishes it.
        subnet: The subnet that was picked, or empty.
        base_ref: Reference of the base image that was made or found, or empty.
        base_id: Its id.
        base_origin: Where it came from.
        image_ref: Reference of the image the environment runs on, or empty; `prune` keeps it, down or not.
        approved: The access a person agreed to, or None before the first `up`.
        prepared: Volumes whose root was given to the container user: name to what tells it from its like.
        choices: What `auto` chose, by key.
        verdict: The last verdict of the probe, or empty.
        forwarded: Ports of this host's loopback that lead to ports of the engine's machine, by those; for another one.
        delivered: What of the mounted files an engine on another machine got: a digest, and which volume holds them.
        proven: Whether that verdict is of the environment as it is now, and every check passed.
    """

    name: str
    project: str
    workspace: str = ""
    port: int = 0
    ssh_port: int = 0
    subnet: str = ""
    base_ref: str = ""
    base_id: str = ""
    base_origin: str = ""
    image_ref: str = ""
    approved: tuple[str, ...] | None = None
    prepared: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    proven: bool = False
    forwarded: Mapping[str, int] = field(default_factory=dict)
    delivered: str = ""
