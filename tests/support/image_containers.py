"""Containers of the workspace image that are started without envkit, with changed copies of its mounted files."""

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

    from tests.support.account import User

PASSWD = "dev:x:{uid}:{gid}:dev:/home/dev:/bin/bash\n"


def mount_source(container: Container, target: str = naming.SECRETS) -> Path:
    """Return the path on the host that is mounted at a path of a running container."""
    (source,) = [mount["Source"] for mount in container.attrs["Mounts"] if mount["Destination"] == target]
    return Path(source)


@dataclass(frozen=True, slots=True)
class ImageContainers:
    """Starts containers of the workspace image without a network, with a copy of the mounted files.

    Attributes:
        engine: Engine for the containers.
        image: ID of the image.
        secrets: Mounted files of a working environment.
        user: User that the containers run as.
        folder: Folder for the copies.
    """

    engine: docker.DockerClient
    image: str
    secrets: Path
    user: User
    folder: Path

    def copy(self) -> Path:
        """Copy the mounted files for a container, with owner and modes."""
        copy = Path(shutil.copytree(self.secrets, self.folder / str(len(list(self.folder.iterdir())))))
        for path in (copy, *copy.rglob("*")):
            self.own(path)
        return copy

    def own(self, path: Path) -> None:
        """Make a file belong to the container's user."""
        if os.geteuid() == 0:
            os.chown(path, self.user.uid, self.user.gid)

    @contextmanager
    def start(self, secrets: Path, **changes: Any) -> Iterator[Container]:
        """Run a container with these files while the body runs.

        Args:
            secrets: Folder that replaces envkit's mounted files.
            changes: Options of the engine that override those of an ordinary workspace.
        """
        uid, gid = self.user.uid, self.user.gid
        passwd = self.folder / "passwd"
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

    def run_to_end(self, change: Callable[[Path], object], **changes: Any) -> tuple[int, str]:
        """Run a container with changed files until it exits; return its exit code and output."""
        folder = self.copy()
        change(folder)
        with self.start(folder, **changes) as container:
            code = container.wait(timeout=60)["StatusCode"]
            return code, container.logs().decode(errors="replace")
