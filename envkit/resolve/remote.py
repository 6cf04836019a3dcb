"""Plan an environment on a remote engine: its machine's resources count, and nothing of this machine is mounted.

The workspace is a copy in a volume there, which `sync` keeps up to date. The read-only files are in another volume.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import PreconditionError
from envkit.model.facts import HostGpu
from envkit.model.run import Mount
from envkit.resolve.gpu import requires_gpu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.config import Config
    from envkit.model.backend import Capabilities
    from envkit.model.facts import EngineFacts, Facts
    from envkit.problem import Problem

DOCKER_VOLUMES_DIR = "/var/lib/docker/volumes"  # Docker's default, until the engine is asked
WORKSPACE_VOLUME, FILES_VOLUME = "workspace", "files"
RESERVED_VOLUMES = (WORKSPACE_VOLUME, FILES_VOLUME)
GPU_NOTE = "gpu: envkit does not detect or pass the GPUs of a remote engine"


def apply_engine_facts(local: Facts, engine: EngineFacts | None) -> Facts:
    """Replace facts that containers depend on by those of the engine's machine; unknown ones stay local."""
    return replace(
        local,
        remote_volumes_dir=(engine.volumes_dir if engine else "") or DOCKER_VOLUMES_DIR,
        resources=replace(
            local.resources,
            cpus=(engine.cpus if engine else 0) or local.resources.cpus,
            memory_mib=(engine.memory_mib if engine else 0) or local.resources.memory_mib,
        ),
        # A busy port of that machine shows when the container starts: another port is picked then.
        network=replace(local.network, busy_ports={}, routes=()),
        gpu=HostGpu(),
        gpu_methods=(),
        gpu_offered=False,
    )


def mounts(container_name: str, volumes: tuple[Mount, ...], volumes_dir: str) -> tuple[Mount, ...]:
    """Return the mounts of a container on a remote engine.

    Args:
        container_name: Name of the container.
        volumes: The home volume and those of the config.
        volumes_dir: Volumes folder on that machine; a single file of a volume can be mounted only by its path.
    """
    files_volume = naming.volume(container_name, FILES_VOLUME)
    files_path = f"{volumes_dir}/{files_volume}/_data"
    return (
        Mount("volume", naming.volume(container_name, WORKSPACE_VOLUME), naming.WORKSPACE),
        *volumes,
        Mount("volume", files_volume, naming.SECRETS, read_only=True),
        Mount("within", f"{files_path}/passwd", "/etc/passwd", read_only=True),
        Mount("within", f"{files_path}/group", "/etc/group", read_only=True),
    )


def refuse_root(facts: Facts) -> None:
    """Refuse root as the caller of a remote engine: files from there would be written as root.

    Raises:
        PreconditionError: The engine is remote and the caller is root.
    """
    if not facts.capabilities.binds and facts.caller.uid == 0:
        raise PreconditionError(
            "the engine is on a remote machine, and files that come back from there would be written as root",
            code="remote-as-root",
            hint="run the command as the workspace's owner, who needs SSH access to that machine but no root here",
        )


def problems(config: Config, capabilities: Capabilities) -> Iterator[Problem]:
    """Report every key that needs a capability which the backend lacks."""
    if not capabilities.binds:
        yield from _bind_problems(config)
    if not capabilities.gpus and requires_gpu(config.gpu):
        message = f"{GPU_NOTE.removeprefix('gpu: ')}; use auto or off, or run envkit on that machine"
        yield config.problem("gpu", message, code="remote-unsupported")
    if not capabilities.local_ports and config.ssh.publish:
        message = (
            "on a remote engine the port would be on that machine's loopback; remove the key: "
            "envkit ssh and envkit ssh-config connect through the engine"
        )
        yield config.problem("ssh.publish", message, code="remote-unsupported")


def _bind_problems(config: Config) -> Iterator[Problem]:
    for index, mount in enumerate(config.mounts):
        message = (
            f"a remote engine cannot mount your {mount.source}; move it into the project, which is copied there, "
            "or store it in a volume (`volumes:`)"
        )
        yield config.problem(f"mounts[{index}].source", message, code="remote-unsupported")
    for name in RESERVED_VOLUMES:
        if name in config.volumes:
            message = "on a remote engine envkit itself uses a volume of that name; choose another name"
            yield config.problem(f"volumes.{name}", message, code="volume-name-reserved")


def notes(config: Config, facts: Facts) -> Iterator[str]:
    """Yield notes on what differs from a local engine."""
    if not facts.capabilities.gpus and config.gpu == "auto":
        yield f"{GPU_NOTE}; TensorFlow runs on the CPU"
