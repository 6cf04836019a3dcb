"""Containers, and the networks and volumes they need: created, started, removed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import docker.errors
import docker.types

from envkit.backends.docker import create_options, inspect, tar
from envkit.backends.docker.client import long_timeout
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import StartFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envkit.backends.docker.client import Engine
    from envkit.model.facts import Account
    from envkit.model.run import RunPlan

CONFLICT = 409
REMOVAL_TIMEOUT_S = 60


def create(engine: Engine, run: RunPlan, ref: str, labels: Mapping[str, str]) -> None:
    """Create the container of a plan.

    Raises:
        StartFailed: The engine refused a setting.
    """
    with translate_errors(f"creating the container {run.name}", StartFailed):
        engine.api.create_container(**create_options.container(engine.api, run, ref, labels))


def start(engine: Engine, name: str) -> None:
    """Start a container; one that could not start is removed, so that nothing half-made stays.

    Raises:
        PortTaken: Its port was taken meanwhile.
        GpuRefused: The engine cannot hand over a GPU.
        StartFailed: Anything else.
    """
    try:
        with translate_errors(f"starting the container {name}", StartFailed):
            engine.api.start(name)
    except StartFailed:
        remove(engine, name)
        raise
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):
            remove(engine, name)
        raise


def unpause(engine: Engine, name: str) -> None:
    """Let a paused container go on."""
    with translate_errors(f"continuing the container {name}"):
        engine.api.unpause(name)


def remove(engine: Engine, name: str, grace_s: int = 10) -> None:
    """Stop a container if it runs, and remove it; nothing happens when it is gone."""
    with translate_errors(f"removing the container {name}"), suppress(docker.errors.NotFound):
        with suppress(docker.errors.APIError):
            engine.api.stop(name, timeout=grace_s)
        try:
            engine.api.remove_container(name, force=True, v=False)
        except docker.errors.APIError as error:
            if error.status_code != CONFLICT:
                raise
            # Whoever waited for its end removes it at this moment, too: it is gone when that is done.
            engine.api.wait(name, timeout=REMOVAL_TIMEOUT_S, condition="removed")


def create_network(engine: Engine, run: RunPlan, labels: Mapping[str, str]) -> None:
    """Create the environment's own network."""
    with translate_errors(f"creating the network {run.network.name}"):
        engine.api.create_network(**create_options.network(run, labels))


def remove_network(engine: Engine, name: str) -> None:
    """Remove a network; nothing happens when it is gone."""
    with translate_errors(f"removing the network {name}"), suppress(docker.errors.NotFound):
        engine.api.remove_network(name)


def create_volume(engine: Engine, name: str, labels: Mapping[str, str]) -> None:
    """Create a named volume."""
    with translate_errors(f"creating the volume {name}"):
        engine.api.create_volume(name, labels=dict(labels))


def remove_volume(engine: Engine, name: str) -> None:
    """Remove a volume and what is in it; nothing happens when it is gone."""
    with translate_errors(f"removing the volume {name}"), suppress(docker.errors.NotFound):
        engine.api.remove_volume(name)


def prepare_volumes(
    engine: Engine,
    volumes: Mapping[str, tuple[str, ...]],
    owner: Account,
    ref: str,
    helper: str,
    labels: Mapping[str, str],
) -> None:
    """Give the roots of volumes to a user without running anything and without touching what is in them.

    Args:
        engine: Where.
        volumes: Names of volumes, and the folders to make in each, outermost first.
        owner: Who gets them.
        ref: An image the engine has.
        helper: What to call the container that mounts them meanwhile.
        labels: Of that container.
    """
    paths = [
        path
        for index, folders in enumerate(volumes.values())
        for path in (str(index), *(f"{index}/{folder}" for folder in folders))
    ]
    unpack(engine, tuple(volumes), _pack_folders(paths, owner), ref, helper, labels)


def unpack(
    engine: Engine, volumes: Sequence[str], tar_data: bytes, ref: str, helper: str, labels: Mapping[str, str]
) -> None:
    """Unpack an archive into volumes, each a folder of its number, without running anything.

    A container that is created and never started mounts them meanwhile. The engine sets owner and mode of each
    entry: a folder that is there stays, with what is in it, and a file takes the place of what is there. Should this
    be cut off, its name and labels let the next call, `down` and `prune` find the container.

    Args:
        engine: Where.
        volumes: Their names.
        tar_data: A tar archive.
        ref: An image the engine has.
        helper: What to call the container.
        labels: Of the container.
    """
    mounts = [docker.types.Mount(f"/v/{index}", name, no_copy=True) for index, name in enumerate(volumes)]
    with translate_errors("preparing volumes"):
        leftover = inspect.container(engine, helper)
        if leftover is not None and leftover.labels.items() >= labels.items():
            engine.api.remove_container(leftover.id, force=True)
        container = engine.api.create_container(
            ref,
            name=helper,
            entrypoint=["/bin/true"],
            user="0:0",
            labels=dict(labels),
            network_disabled=True,
            use_config_proxy=False,
            host_config=engine.api.create_host_config(mounts=mounts, network_mode="none", cap_drop=["ALL"]),
        )
        try:
            engine.api.put_archive(container["Id"], "/v", tar_data)
        finally:
            engine.api.remove_container(container["Id"], force=True)


def logs(engine: Engine, name: str, *, lines: int | None = None, follow: bool = False) -> Iterator[bytes]:
    """Yield what the container printed, as it came.

    Raises:
        EngineError: There is no such container.
    """
    tail: Literal["all"] | int = "all" if lines is None else lines
    with translate_errors(f"reading the log of {name}"):
        if not follow:
            yield engine.api.logs(name, tail=tail)
            return
        with long_timeout(engine):
            yield from engine.api.logs(name, stream=True, tail=tail, follow=True)


def _pack_folders(paths: list[str], owner: Account) -> bytes:
    return tar.pack(tar.Entry(path, None, 0o700, owner.uid, owner.gid) for path in paths)
