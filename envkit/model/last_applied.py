"""What envkit last made of one environment; the audit compares it with what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class LastApplied:
    """The result of the last `up` that changed something, as the engine and the host should still have it.

    Attributes:
        request: Request that creates the container, in the engine's format.
        image_id: Id of its image.
        base_id: Id of the base image of that image.
        network: Name, subnet and options of its network; empty without a network.
        instructions: Keywords of the Dockerfile's instructions that are recorded in the image's history, in order.
        variables: Environment variables that the image sets besides those of its base.
        image_files: SHA-256 of each file that the build copies into the image, by path.
        state_files: SHA-256 of each file that envkit renders for the container, by path in the state folder.
        secrets: Names of the user's secrets.
        sshd_config: Settings of the SSH server, with the changes by the configuration.
    """

    request: Mapping[str, Any]
    image_id: str
    base_id: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    instructions: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    image_files: Mapping[str, str] = field(default_factory=dict)
    state_files: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    sshd_config: str = ""
