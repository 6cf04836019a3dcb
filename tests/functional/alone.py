"""One run of these tests at a time, and none finds what a killed one left behind."""

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

    from tests.functional.account import User

LOCK = Path(tempfile.gettempdir()) / "envkit-functional.lock"


@contextmanager
def alone(path: Path = LOCK) -> Iterator[None]:
    """Wait for another run on this machine to end: it would meet ours in names, ports and processor time."""
    if not path.exists():
        path.touch()
    with path.open() as lock:  # to read: somebody else may have made it, and a lock needs no more
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear(engine: docker.DockerClient, user: User) -> None:
    """Remove what a killed run left of an account that is there for these tests only: processes and environments."""
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
