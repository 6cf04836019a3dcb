"""An engine on another machine: its machine counts in the place of this one, and nothing of this one is mounted.

The workspace is a copy in a volume there, kept in step by `sync`; so are the files that are mounted read-only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import names
from envkit.errors import Refusal
from envkit.model.facts import HostGpu
from envkit.model.run import Mount
from envkit.resolve.gpu import required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import EngineFacts, Facts

VOLUMES = "/var/lib/docker/volumes"  # where Docker keeps them, as long as nobody was asked
WORKSPACE, FILES = "workspace", "files"
OWN = (WORKSPACE, FILES)
GPU = "gpu: the engine is on another machine, whose GPUs envkit does not look at and does not pass"


def facts(here: Facts, there: EngineFacts | None) -> Facts:
    """Return the facts with those of the engine's machine where containers live by them; unknown ones stay ours."""
    return replace(
        here,
        far=(there.volumes if there else "") or VOLUMES,
        cpus=(there.cpus if there else 0) or here.cpus,
        memory_mib=(there.memory_mib if there else 0) or here.memory_mib,
        # Who listens over there shows when the container is started: another port is picked then.
        busy_ports={}, routes=(), gpu=HostGpu(), gpu_roads=(), gpu_offered=False,
    )


def mounts(title: str, volumes: tuple[Mount, ...], folder: str) -> tuple[Mount, ...]:
    """Return what a container there mounts.

    Args:
        title: What the container is called.
        volumes: The home volume and those of the config.
        folder: Where the volumes lie there: single files can be mounted only by their paths.
    """
    files = names.volume(title, FILES)
    inside = f"{folder}/{files}/_data"
    return (
        Mount("volume", names.volume(title, WORKSPACE), names.WORKSPACE), *volumes,
        Mount("volume", files, names.SECRETS, read_only=True),
        Mount("within", f"{inside}/passwd", "/etc/passwd", read_only=True),
        Mount("within", f"{inside}/group", "/etc/group", read_only=True),
    )


def refuse(here: Facts) -> None:
    """Refuse to serve root from afar: what comes back over SSH would be written as root.

    Raises:
        Refusal: The caller is root.
    """
    if here.far and here.caller.uid == 0:
        raise Refusal(
            "the engine is on another machine, and as root you would write what comes back from there",
            mend="run the command as the workspace's owner, who needs SSH to that machine and no root here",
        )


def problems(config: Config) -> Iterator[Problem]:
    """Tell of every key that an engine on another machine cannot honour."""
    for number, mount in enumerate(config.mounts):
        message = (
            f"the engine is on another machine, which has no {mount.source} of yours; put it into the project, "
            "which is copied there, or keep it in a volume (`volumes:`)"
        )
        yield config.problem(f"mounts[{number}].source", message)
    for name in OWN:
        if name in config.volumes:
            message = "on another machine's engine envkit keeps a volume of that name itself; choose another name"
            yield config.problem(f"volumes.{name}", message)
    if required(config.gpu):
        message = f"{GPU.removeprefix('gpu: ')}; write auto or off, or run envkit on that machine"
        yield config.problem("gpu", message)
    if config.ssh.publish:
        message = (
            "the engine is on another machine, and the port would be one of its loopback; leave the key out: "
            "envkit ssh and envkit ssh-config go through the engine"
        )
        yield config.problem("ssh.publish", message)


def remarks(config: Config, there: Facts) -> Iterator[str]:
    """Say what is different from the usual."""
    if there.far and config.gpu == "auto":
        yield f"{GPU}; TensorFlow runs on the CPU"
