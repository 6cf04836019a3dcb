"""What of the host may be seen inside: judged by real paths, after every link was followed."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Handing one of these to a workspace hands over the host, the engine or somebody's credentials.
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
    """Say why a real path may not be mounted, or return an empty text.

    A folder is denied for what it is, for what it lies in, and for what it contains.
    """
    path = PurePosixPath(source)
    if path.name in SOCKETS:
        return "it is a container engine's socket, and whoever holds that is root"
    homes = tuple(homes)
    if source in homes:
        return "it is a home folder, with its owner's keys in it"
    for denied_path in DENIED:
        if _is_inside(path, denied_path) and (denied_path != "/" or source == "/"):
            return f"it is or lies in {denied_path}, which belongs to the host"
        if _is_inside(PurePosixPath(denied_path), source):
            return f"it contains {denied_path}, which belongs to the host"
    state_root = str(PurePosixPath(state).parent.parent) if state else ""  # of every environment, on every engine
    for denied_path in (*(f"{home}/{name}" for home in homes for name in DENIED_IN_HOME), state_root):
        if denied_path and (_is_inside(path, denied_path) or _is_inside(PurePosixPath(denied_path), source)):
            return f"it is, lies in or contains {denied_path}, where credentials are kept"
    return ""


def is_inside(path: str, folder: str) -> bool:
    """Say whether a real path is a folder or lies in it."""
    return _is_inside(PurePosixPath(path), folder)


def innermost(path: str, folders: Iterable[str]) -> str:
    """Return the nearest of some folders around a path, or an empty text."""
    return max((folder for folder in folders if folder != path and is_inside(path, folder)), key=len, default="")


def _is_inside(path: PurePosixPath, folder: str) -> bool:
    return path.is_relative_to(PurePosixPath(folder))
