"""Containers of one run: which of them a killed envkit left."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.engines import containers
from envkit.engines.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkit.engines.connect import Engine


def waiting(limit_s: float) -> dict[str, str]:
    """Return the labels of a container that this process waits for, for so long at most."""
    return {names.WAITS: f"{os.getpid()}@{_processes()}", names.UNTIL: f"{time.time() + limit_s:.0f}"}


def sweep(engine: Engine, owner: int) -> list[str]:
    """Remove containers of one run that a killed envkit of that user left; returns what went."""
    passing = names.passing(owner)
    return _remove(engine, (one for one in listed(engine, owner) if name(one).startswith(passing) and abandoned(one)))


def remove_named(engine: Engine, owner: int, beginning: str) -> list[str]:
    """Remove containers of a user whose names begin like this; returns what went."""
    return _remove(engine, (one for one in listed(engine, owner) if name(one).startswith(beginning)))


def listed(engine: Engine, owner: int) -> list[dict[str, Any]]:
    """Return what the engine lists of the containers that envkit made for a user."""
    filters = {"label": [f"{names.MANAGED}=1", f"{names.OWNER}={owner}"]}
    with translated("listing containers"):
        found: list[dict[str, Any]] = engine.api.containers(all=True, filters=filters)
    return found


def name(listed: Mapping[str, Any]) -> str:
    """Return what a listed container is called."""
    return str(listed["Names"][0]).lstrip("/") if listed.get("Names") else str(listed["Id"])


def abandoned(listed: Mapping[str, Any]) -> bool:
    """Say whether nobody waits for a listed container any more, as far as that shows from here."""
    labels = listed.get("Labels") or {}
    until, (pid, _, processes) = labels.get(names.UNTIL, ""), labels.get(names.WAITS, "").partition("@")
    if not until.isdecimal():
        return False
    if int(until) < time.time():
        return True
    # Of another container's processes nothing shows from here: then the time alone decides.
    return processes == _processes() != "" and pid.isdecimal() and not Path("/proc", pid).exists()


def _remove(engine: Engine, these: Iterable[Mapping[str, Any]]) -> list[str]:
    removed = []
    for one in these:
        containers.remove(engine, one["Id"], grace_s=0)
        removed.append(f"container {name(one)}")
    return removed


def _processes() -> str:
    """Return what tells this set of processes, in which numbers mean something, from containers' and machines'."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{Path('/proc/self/ns/pid').readlink()}{boot}"
    except OSError:
        return ""
