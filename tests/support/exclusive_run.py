"""Run these tests only once at a time, and remove the leftovers of a killed run."""

from __future__ import annotations

import fcntl
import os
import signal
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.support.account import User

LOCK = Path(tempfile.gettempdir()) / "envkit-functional.lock"


@contextmanager
def alone(path: Path = LOCK) -> Iterator[None]:
    """Wait for another run on this machine: both would compete for names, ports and CPU time."""
    if not path.exists():
        path.touch()
    with path.open() as lock:  # read-only: another user may have created it
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear(engine: docker.DockerClient, user: User) -> None:
    """Remove processes and environments that a killed run left for the account of these tests."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == user.uid:
                os.kill(int(process.name), signal.SIGKILL)
    filters: dict[str, str | list[str] | bool] = {"label": [f"{naming.MANAGED}=1", f"{naming.OWNER}={user.uid}"]}
    for container in engine.containers.list(all=True, filters=filters):
        container.remove(force=True, v=True)
    for network in engine.networks.list(filters=filters):
        network.remove()
    for volume in engine.volumes.list(filters=filters):
        volume.remove(force=True)
