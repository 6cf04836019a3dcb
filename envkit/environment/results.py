"""What `up` and `build` result in, apart from what makes them: an unchanged `up` needs only this."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UpResult:
    """Where to go now.

    Attributes:
        name: The environment's name.
        url: JupyterLab's address, without the token; empty where it listens on a socket inside.
        ssh_host: The host `envkit ssh-config` writes.
        ssh_port: The port of loopback that SSH answers at; 0 where none is published.
        tensorboard: TensorBoard's address, behind Jupyter's login; empty likewise.
        workspace: The folder that is /workspace inside.
        verdict: What the probe found, in one line.
        changed: What was done, by step; empty when there was nothing to do.
        notes: What was decided differently from what was asked.
    """

    name: str
    url: str
    ssh_host: str
    tensorboard: str
    workspace: str
    verdict: str
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    ssh_port: int = 0


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Which image there is now.

    Attributes:
        name: The environment's name.
        image: The image's reference.
        changed: What was done, by step; empty when the image was there.
        notes: What was decided differently from what was asked.
    """

    name: str
    image: str
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
