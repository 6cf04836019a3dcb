"""Create, start and remove containers and their networks and volumes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import docker.errors
import docker.types

from envkit.backends.connection_errors import connection_lost_error
from envkit.backends.docker import create_options, inspect, tar
from envkit.backends.docker.client import long_timeout
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import EngineError, StartFailed
from envkit.model.backend import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    """Start a container; if that fails, remove it.

    Raises:
        PortTaken: Another process took its port meanwhile.
        GpuRefused: The engine cannot provide the requested GPUs.
        StartFailed: The start failed for another reason.
    """
    try:
        with translate_errors(f"starting the container {name}", StartFailed):
            engine.api.start(name)
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):
            with suppress(EngineError):  # the cause is more useful than a failed cleanup, and the next `up` removes it
                remove(engine, name)
        raise


def unpause(engine: Engine, name: str) -> None:
    """Resume a paused container."""
    with translate_errors(f"resuming the container {name}"):
        engine.api.unpause(name)


def remove(engine: Engine, name: str, grace_s: int = 10) -> None:
    """Stop and remove a container, if it exists."""
    with translate_errors(f"removing the container {name}"), suppress(docker.errors.NotFound):
        with suppress(docker.errors.APIError):
            engine.api.stop(name, timeout=grace_s)
        try:
            engine.api.remove_container(name, force=True, v=False)
        except docker.errors.APIError as error:
            if error.status_code != CONFLICT:
                raise
            # Another process is already removing it; wait until that is done.
            engine.api.wait(name, timeout=REMOVAL_TIMEOUT_S, condition="removed")


def create_network(engine: Engine, run: RunPlan, labels: Mapping[str, str]) -> None:
    """Create the network of an environment."""
    with translate_errors(f"creating the network {run.network.name}"):
        engine.api.create_network(**create_options.network(run, labels))


def remove_network(engine: Engine, name: str) -> None:
    """Remove a network, if it exists."""
    with translate_errors(f"removing the network {name}"), suppress(docker.errors.NotFound):
        engine.api.remove_network(name)


def create_volume(engine: Engine, name: str, labels: Mapping[str, str]) -> None:
    """Create a named volume."""
    with translate_errors(f"creating the volume {name}"):
        engine.api.create_volume(name, labels=dict(labels))


def remove_volume(engine: Engine, name: str) -> None:
    """Remove a volume with its contents, if it exists."""
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
    """Set the owner of the root folders of volumes, without running a program or changing their contents.

    Args:
        engine: Engine to use.
        volumes: Volume names, each with the folders to create in it, outermost first.
        owner: Owner of the folders.
        ref: An image that the engine has.
        helper: Name of the container that mounts the volumes meanwhile.
        labels: Labels of that container.
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
    """Unpack an archive into volumes without running a program; top-level folder N goes to volume N.

    A container that is created but never started mounts the volumes meanwhile. The engine sets owner and mode of each
    entry: an existing folder keeps its contents, and a file replaces what has its name. After an interruption, the
    next call, `down` and `prune` find the container by its name and labels.

    Args:
        engine: Engine to use.
        volumes: Volume names.
        tar_data: Tar archive.
        ref: An image that the engine has.
        helper: Name of the container.
        labels: Labels of the container.
    """
    mounts = [docker.types.Mount(f"/v/{index}", name, no_copy=True) for index, name in enumerate(volumes)]
    with translate_errors("preparing volumes"):
        stale_container = inspect.container(engine, helper)
        if stale_container is not None and stale_container.labels.items() >= labels.items():
            engine.api.remove_container(stale_container.id, force=True)
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


def upload(
    engine: Engine, volume: str, entries: Iterable[FileEntry], ref: str, helper: str, labels: Mapping[str, str]
) -> None:
    """Store files and folders in a volume; see `Backend.upload`."""
    rooted_entries = (replace(entry, path="0" if entry.path == "." else f"0/{entry.path}") for entry in entries)
    unpack(engine, (volume,), tar.pack(rooted_entries), ref, helper, labels)


def logs(engine: Engine, name: str, *, lines: int | None = None, follow: bool = False) -> Iterator[bytes]:
    """Yield the output of a container in chunks.

    Raises:
        EngineError: The container does not exist.
        EngineUnavailable: The connection broke while the container was running.
    """
    tail: Literal["all"] | int = "all" if lines is None else lines
    with translate_errors(f"reading the log of {name}"):
        if not follow:
            yield engine.api.logs(name, tail=tail)
            return
        started_at = _running_since(engine, name)
        with long_timeout(engine):
            yield from engine.api.logs(name, stream=True, tail=tail, follow=True)
        # The end of a broken connection looks like the end of the log.
        if started_at and _running_since(engine, name) == started_at:
            raise connection_lost_error(f"following the log of {name}", "the container is still running")


def _running_since(engine: Engine, name: str) -> str:
    """Return when a running container started; empty if it is not running."""
    try:
        state: Mapping[str, Any] = engine.api.inspect_container(name)["State"]
    except docker.errors.NotFound:
        return ""
    return str(state.get("StartedAt")) if state.get("Running") else ""


def _pack_folders(paths: list[str], owner: Account) -> bytes:
    return tar.pack(FileEntry(path, None, 0o700, owner.uid, owner.gid) for path in paths)
