"""Decide which real paths of the host may be mounted."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Mounting one of these would expose the host, the engine or credentials.
DENIED = (
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/run",
)
DENIED_IN_HOME = (
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".docker",
    ".gnupg",
    ".kube",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".ssh",
    ".local/state/envkit",
)
SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")


def denial_reason(source: str, homes: Iterable[str], state: str) -> str:
    """Return why a real path may not be mounted, or an empty string.

    A folder is denied for its own path, for its parents, and for what it contains.
    """
    path = PurePosixPath(source)
    if path.name in SOCKETS:
        return "it is a container engine's socket, which gives root access"
    homes = tuple(homes)
    if source in homes:
        return "it is a home folder, which contains its owner's keys"
    for denied_path in DENIED:
        if _is_inside(path, denied_path) and (denied_path != "/" or source == "/"):
            return f"it is or is inside {denied_path}, which belongs to the host"
        if _is_inside(PurePosixPath(denied_path), source):
            return f"it contains {denied_path}, which belongs to the host"
    state_root = str(PurePosixPath(state).parent.parent) if state else ""  # of all environments on all engines
    for denied_path in (*(f"{home}/{name}" for home in homes for name in DENIED_IN_HOME), state_root):
        if denied_path and (_is_inside(path, denied_path) or _is_inside(PurePosixPath(denied_path), source)):
            return f"it is, is inside or contains {denied_path}, where credentials are stored"
    return ""


def is_inside(path: str, folder: str) -> bool:
    """Check whether a real path is a folder or is inside it."""
    return _is_inside(PurePosixPath(path), folder)


def innermost(path: str, folders: Iterable[str]) -> str:
    """Return the innermost of the folders that contain a path, or an empty string."""
    return max((folder for folder in folders if folder != path and is_inside(path, folder)), key=len, default="")


def _is_inside(path: PurePosixPath, folder: str) -> bool:
    return path.is_relative_to(PurePosixPath(folder))
