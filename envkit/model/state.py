"""What envkit stores of an environment between commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class State:
    """What envkit stores of one environment between commands.

    Attributes:
        name: Its name.
        project: Real path of the project folder.
        workspace: Real path of the workspace.
        folder_id: Identifier of the project folder, which it keeps when it is moved; empty if there is none.
        creation_path: Path of the project folder at the first `up`, if it was moved since: the labels of the
            environment's resources refer to it.
        port: JupyterLab's loopback port, picked or requested; 0 before the first `up`.
        ssh_port: Loopback port of the SSH server; 0 before the first `up` that publishes it.
        subnet: The picked subnet, or empty.
        base_ref: Reference of the base image, or empty.
        base_id: Id of the base image.
        base_origin: Origin of the base image.
        image_ref: Reference of the environment's image, or empty; `prune` always keeps it.
        approved: The access entries that a person approved, or None before the first `up`.
        prepared: Volumes whose root folder belongs to the container user, each with a marker of that volume.
        choices: Choices of `auto`, by key.
        verdict: Last verdict of the probe, or empty.
        forwarded: For a remote engine: loopback ports of this host, by the port of the engine's machine they lead to.
        delivered: For a remote engine: digest of the uploaded files, and the volume that holds them.
        proven: Whether every check passed on the environment as it is now.
    """

    name: str
    project: str
    workspace: str = ""
    folder_id: str = ""
    creation_path: str = ""
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

    @property
    def label_path(self) -> str:
        """Path that the labels of the environment's resources refer to."""
        return self.creation_path or self.project
