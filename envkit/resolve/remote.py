"""An engine on another machine: its machine counts in the place of this one, and nothing of this one is mounted.

The workspace is a copy in a volume there, kept in step by `sync`; so are the files that are mounted read-only.
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
    from envkit.errors import Problem
    from envkit.model.facts import EngineFacts, Facts

DOCKER_VOLUMES_DIR = "/var/lib/docker/volumes"  # where Docker keeps them, as long as nobody was asked
WORKSPACE_VOLUME, FILES_VOLUME = "workspace", "files"
RESERVED_VOLUMES = (WORKSPACE_VOLUME, FILES_VOLUME)
GPU_NOTE = "gpu: the engine is on another machine, whose GPUs envkit does not look at and does not pass"


def apply_engine_facts(local: Facts, engine: EngineFacts | None) -> Facts:
    """Return the facts with those of the engine's machine where containers live by them; unknown ones stay ours."""
    return replace(
        local,
        remote_volumes_dir=(engine.volumes_dir if engine else "") or DOCKER_VOLUMES_DIR,
        cpus=(engine.cpus if engine else 0) or local.cpus,
        memory_mib=(engine.memory_mib if engine else 0) or local.memory_mib,
        # Who listens over there shows when the container is started: another port is picked then.
        busy_ports={},
        routes=(),
        gpu=HostGpu(),
        gpu_methods=(),
        gpu_offered=False,
    )


def mounts(container_name: str, volumes: tuple[Mount, ...], volumes_dir: str) -> tuple[Mount, ...]:
    """Return what a container there mounts.

    Args:
        container_name: What the container is called.
        volumes: The home volume and those of the config.
        volumes_dir: Where the volumes lie there: single files can be mounted only by their paths.
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
    """Refuse to serve root from afar: what comes back over SSH would be written as root.

    Raises:
        Refusal: The caller is root.
    """
    if facts.remote_volumes_dir and facts.caller.uid == 0:
        raise PreconditionError(
            "the engine is on another machine, and as root you would write what comes back from there",
            hint="run the command as the workspace's owner, who needs SSH to that machine and no root here",
        )


def problems(config: Config) -> Iterator[Problem]:
    """Tell of every key that an engine on another machine cannot honour."""
    for index, mount in enumerate(config.mounts):
        message = (
            f"the engine is on another machine, which has no {mount.source} of yours; put it into the project, "
            "which is copied there, or keep it in a volume (`volumes:`)"
        )
        yield config.problem(f"mounts[{index}].source", message)
    for name in RESERVED_VOLUMES:
        if name in config.volumes:
            message = "on another machine's engine envkit keeps a volume of that name itself; choose another name"
            yield config.problem(f"volumes.{name}", message)
    if requires_gpu(config.gpu):
        message = f"{GPU_NOTE.removeprefix('gpu: ')}; write auto or off, or run envkit on that machine"
        yield config.problem("gpu", message)
    if config.ssh.publish:
        message = (
            "the engine is on another machine, and the port would be one of its loopback; leave the key out: "
            "envkit ssh and envkit ssh-config go through the engine"
        )
        yield config.problem("ssh.publish", message)


def notes(config: Config, facts: Facts) -> Iterator[str]:
    """Say what is different from the usual."""
    if facts.remote_volumes_dir and config.gpu == "auto":
        yield f"{GPU_NOTE}; TensorFlow runs on the CPU"
