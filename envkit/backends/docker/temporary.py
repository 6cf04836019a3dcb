"""Temporary containers: which of them are stale because their envkit was killed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.backends.docker import containers
from envkit.backends.docker.sdk_errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkit.backends.docker.client import Engine


def lifetime_labels(limit_s: float) -> dict[str, str]:
    """Return the labels of a container that this process waits for, `limit_s` seconds at most."""
    return {
        naming.WAITING_PROCESS: f"{os.getpid()}@{_pid_namespace()}",
        naming.DEADLINE: f"{time.time() + limit_s:.0f}",
    }


def remove_abandoned(engine: Engine, owner: int) -> list[str]:
    """Remove a user's stale temporary containers; return what was removed."""
    prefix = naming.temporary_prefixes(owner)
    return _remove(
        engine,
        (
            container
            for container in list_containers(engine, owner)
            if container_name(container).startswith(prefix) and is_abandoned(container)
        ),
    )


def remove_by_prefix(engine: Engine, owner: int, prefix: str) -> list[str]:
    """Remove a user's containers whose names start with a prefix; return what was removed."""
    return _remove(
        engine,
        (container for container in list_containers(engine, owner) if container_name(container).startswith(prefix)),
    )


def list_containers(engine: Engine, owner: int) -> list[dict[str, Any]]:
    """List the containers that envkit created for a user, as the engine describes them."""
    filters = {"label": [f"{naming.MANAGED}=1", f"{naming.OWNER}={owner}"]}
    with translate_errors("listing containers"):
        summaries: list[dict[str, Any]] = engine.api.containers(all=True, filters=filters)
    return summaries


def container_name(container: Mapping[str, Any]) -> str:
    """Return the name of a listed container."""
    return str(container["Names"][0]).lstrip("/") if container.get("Names") else str(container["Id"])


def is_abandoned(container: Mapping[str, Any]) -> bool:
    """Check whether no process waits for a listed container any more."""
    labels = container.get("Labels") or {}
    expiry, (pid, _, pid_namespace) = (
        labels.get(naming.DEADLINE, ""),
        labels.get(naming.WAITING_PROCESS, "").partition("@"),
    )
    if not expiry.isdecimal():
        return False
    if int(expiry) < time.time():
        return True
    # Processes of another PID namespace are not visible: there, only the deadline counts.
    return pid_namespace == _pid_namespace() != "" and pid.isdecimal() and not Path("/proc", pid).exists()


def _remove(engine: Engine, summaries: Iterable[Mapping[str, Any]]) -> list[str]:
    removed = []
    for container in summaries:
        containers.remove(engine, container["Id"], grace_s=0)
        removed.append(f"container {container_name(container)}")
    return removed


def _pid_namespace() -> str:
    """Return an id for this PID namespace that is unique across boots and hosts."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{Path('/proc/self/ns/pid').readlink()}{boot_id}"
    except OSError:
        return ""
