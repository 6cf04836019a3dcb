"""Results of `up` and `build`, in a module of their own because an unchanged `up` loads nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UpResult:
    """A running environment and its addresses.

    Attributes:
        name: Name of the environment.
        url: JupyterLab's address without the token; empty if it listens on a Unix socket only.
        ssh_host: Host name in the entry that `envkit ssh-config` writes.
        tensorboard: TensorBoard's address behind JupyterLab's login; empty if JupyterLab has no port.
        workspace: Host folder that is mounted at /workspace.
        verdict: Result of the probe, in one line.
        changed: Names of the steps that were executed; empty if nothing had to be done.
        notes: Choices that differ from what was requested.
        ssh_port: Loopback port of SSH; 0 if none is published.
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
    """A built image.

    Attributes:
        name: Name of the environment.
        image: Reference of the image.
        changed: Names of the steps that were executed; empty if the image existed.
        notes: Choices that differ from what was requested.
    """

    name: str
    image: str
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
