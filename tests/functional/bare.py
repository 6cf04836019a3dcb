"""The workspace's image started by hand, with files of the test's own making where envkit mounts its own."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.types import Mount

from envkit import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker
    from docker.models.containers import Container

    from tests.functional.account import User

PASSWD = "dev:x:{uid}:{gid}:dev:/home/dev:/bin/bash\n"


def mounted(container: Container, target: str = naming.SECRETS) -> Path:
    """Return the folder or file of the host that a running container sees at a path."""
    (source,) = [one["Source"] for one in container.attrs["Mounts"] if one["Destination"] == target]
    return Path(source)


@dataclass(frozen=True, slots=True)
class Bare:
    """Starts containers of the workspace's image, without a network, from a copy of what envkit mounts.

    Attributes:
        engine: Where.
        image: Id of the image.
        secrets: The files that envkit mounts into a working environment.
        user: Who the container runs as.
        place: A folder for the copies.
    """

    engine: docker.DockerClient
    image: str
    secrets: Path
    user: User
    place: Path

    def copy(self) -> Path:
        """Copy the mounted files for one container, with their owner and modes."""
        folder = Path(shutil.copytree(self.secrets, self.place / str(len(list(self.place.iterdir())))))
        for path in (folder, *folder.rglob("*")):
            self.own(path)
        return folder

    def own(self, path: Path) -> None:
        """Give a file to the container's user."""
        if os.geteuid() == 0:
            os.chown(path, self.user.uid, self.user.gid)

    @contextmanager
    def started(self, secrets: Path, **changes: Any) -> Iterator[Container]:
        """Start a container that sees these files; it is removed in the end.

        Args:
            secrets: What it sees at the place of envkit's mounted files.
            changes: Settings of the engine's, over those of an ordinary workspace.
        """
        uid, gid = self.user.uid, self.user.gid
        passwd = self.place / "passwd"
        passwd.write_text(PASSWD.format(uid=uid, gid=gid))
        private = f"mode=0700,uid={uid},gid={gid}"
        settings: dict[str, Any] = {
            "user": f"{uid}:{gid}",
            "network_mode": "none",
            "read_only": True,
            "cap_drop": ["ALL"],
            "init": True,
            "security_opt": ["no-new-privileges:true"],
            "environment": {"HOME": "/home/dev"},
            "tmpfs": {"/tmp": "exec", "/run/envkit": private, "/home/dev": f"exec,{private}"},
            "mounts": [
                Mount(naming.SECRETS, str(secrets), type="bind", read_only=True),
                Mount("/etc/passwd", str(passwd), type="bind", read_only=True),
            ],
        }
        container = self.engine.containers.run(self.image, detach=True, **{**settings, **changes})
        try:
            yield container
        finally:
            container.remove(force=True, v=True)

    def end(self, change: Callable[[Path], object], **changes: Any) -> tuple[int, str]:
        """Start a container whose mounted files were changed, wait for its end: its exit code and what it printed."""
        folder = self.copy()
        change(folder)
        with self.started(folder, **changes) as container:
            code = container.wait(timeout=60)["StatusCode"]
            return code, container.logs().decode(errors="replace")
