"""The container of a workspace, as planned. It is hardened by default: weakening needs an explicit value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envkit.model.network import Ssh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.facts import Account
    from envkit.model.network import Network, Port


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount: a folder or file of the host, a named volume, or a file in a volume.

    Attributes:
        kind: `bind`, `volume`, or `within`: a file in a volume, by its path on the engine's machine.
        source: Path on the host, or name of the volume.
        target: Path in the container.
        read_only: Whether the mount is read-only.
    """

    kind: Literal["bind", "volume", "within"]
    source: str
    target: str
    read_only: bool = False

    @property
    def propagation(self) -> str:
        """Bind propagation: private, except `rslave` where the engine requires it for its own folder."""
        return "rslave" if self.kind == "within" else "rprivate"


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """A file system in memory. Docker's default forbids executing files from it, hence `executable`."""

    target: str
    size_mib: int
    mode: int
    executable: bool = False
    owner: Account | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of one environment."""

    cpus: float
    memory_mib: int
    shm_mib: int
    pids: int


@dataclass(frozen=True, slots=True)
class Health:
    """Health check of the container."""

    command: tuple[str, ...]
    interval_s: int
    timeout_s: int
    start_s: int
    retries: int


@dataclass(frozen=True, slots=True)
class Gpus:
    """The NVIDIA GPUs of a container.

    Attributes:
        method: How the engine passes them: `cdi`, `hook` (Docker's `--gpus`), or `runtime` (the nvidia runtime).
        device_ids: GPU numbers, or `all`.
    """

    method: str
    device_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hardening:
    """Privileges of the container; the defaults grant none."""

    read_only: bool = True
    privileged: bool = False
    cap_drop: tuple[str, ...] = ("ALL",)
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ("no-new-privileges:true",)
    ipc: str = "private"
    cgroupns: Literal["private"] = "private"
    core_ulimit: int = 0


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How the engine starts, restarts, stops and logs the container."""

    init: bool = True
    restart: str = "on-failure"
    restart_retries: int = 5
    stop_grace_s: int = 10
    log_max_size: str = "10m"
    log_max_files: int = 3


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Every setting of the container, and those its servers start with.

    Attributes:
        command: Argument of the entrypoint: `ssh` starts the SSH server beside JupyterLab; empty starts JupyterLab
            alone.
        ssh: What the SSH server allows beyond the default.
    """

    name: str
    hostname: str
    user: Account
    mounts: tuple[Mount, ...]
    tmpfs: tuple[Tmpfs, ...]
    ports: tuple[Port, ...]
    network: Network
    limits: Limits
    health: Health
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    ssh: Ssh = field(default_factory=Ssh)
    working_dir: str = "/workspace"
    gpus: Gpus | None = None
    hardening: Hardening = Hardening()
    lifecycle: Lifecycle = Lifecycle()

    def host_port(self, container: int) -> int:
        """Return the host port that a container port is published at; 0 if it is not published."""
        return next((port.host for port in self.ports if port.container == container), 0)
