"""The container of a workspace, as it was decided. Hardening is the default, so weakening is an explicit value."""

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
    """A folder or file of the host, a named volume, or a file that lies in one, inside the container.

    Attributes:
        kind: `within` for a file of a volume, by its path on the engine's machine.
        source: A path of the host, or the volume's name.
        target: Where it shows.
        read_only: Whether it can only be read there.
    """

    kind: Literal["bind", "volume", "within"]
    source: str
    target: str
    read_only: bool = False

    @property
    def propagation(self) -> str:
        """What of later mounts is seen: nothing, but for what the engine keeps itself, where it insists on more."""
        return "rslave" if self.kind == "within" else "rprivate"


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """A file system in memory. `executable` because Docker's own default forbids running files from it."""

    target: str
    size_mib: int
    mode: int
    executable: bool = False
    owner: Account | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one environment may take from the host."""

    cpus: float
    memory_mib: int
    shm_mib: int
    pids: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the engine asks the container whether it still serves."""

    command: tuple[str, ...]
    interval_s: int
    timeout_s: int
    start_s: int
    retries: int


@dataclass(frozen=True, slots=True)
class Gpus:
    """The NVIDIA GPUs a container gets.

    Attributes:
        method: How the engine hands them over: a CDI device, Docker's own `--gpus` with its hook, or the nvidia
            runtime.
        device_ids: Their numbers, or `all`.
    """

    method: str
    device_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Every setting given to the engine for the container, and those its servers start with.

    Attributes:
        command: What the entrypoint is told to start beside JupyterLab: `ssh`, or nothing.
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
    init: bool = True
    read_only: bool = True
    privileged: bool = False
    cap_drop: tuple[str, ...] = ("ALL",)
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ("no-new-privileges:true",)
    ipc: str = "private"
    cgroupns: Literal["private"] = "private"
    core_ulimit: int = 0
    restart: str = "on-failure"
    restart_retries: int = 5
    log_max_size: str = "10m"
    log_max_files: int = 3
    stop_grace_s: int = 10
    gpus: Gpus | None = None

    def host_port(self, container: int) -> int:
        """Return the port of the host that a port of the container is published at; 0 for none."""
        return next((port.host for port in self.ports if port.container == container), 0)
