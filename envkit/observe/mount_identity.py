"""Compare the bind mounts of a running container with the caller's files at the same paths.

A container keeps the folder that was at a path when it started. If the folder is replaced, or if the engine sees
another file system than the caller, the path leads elsewhere. Device and inode decide, by a program of the image.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import EnvkitError
from envkit.fs import temporary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkit.backends.backend import Backend
    from envkit.model.run import Mount

STAT = "/usr/bin/stat"
LIMIT_S = 20.0
MARKER_PREFIX = ".envkit-marker-"

Identity = tuple[int, int]  # device and inode


def find_replaced(backend: Backend, container: str, mounts: Iterable[Mount], state_folder: str) -> tuple[str, ...]:
    """Return the targets of bind mounts that are other files in a running container than for the caller.

    Paths that cannot be compared, because the image has no `stat` or the container stopped meanwhile, count as equal.
    envkit itself replaces files in its state folder, which a container sees after its next start. The copies of the
    configuration only have to cover the files in the workspace: a mount ends if the file below it is renamed.

    Args:
        backend: Backend of a local engine.
        container: Name of the container.
        mounts: Mounts of its plan.
        state_folder: State folder of the environment.
    """
    sources = {mount.target: mount.source for mount in mounts if mount.kind == "bind"}
    actual = _container_identities(backend, container, tuple(sources))

    def is_replaced(target: str, source: str) -> bool:
        if source.startswith(f"{state_folder}/") and not Path(source).is_dir():
            return actual[target] == _identity(_covered_path(target, sources))
        return actual[target] != _identity(source)

    differing = tuple(target for target, source in sources.items() if target in actual and is_replaced(target, source))
    # An engine in a virtual machine shares folders under other device and inode numbers.
    if naming.WORKSPACE in differing and _sees_marker(backend, container, sources[naming.WORKSPACE]):
        return ()
    return differing


def _container_identities(backend: Backend, container: str, targets: tuple[str, ...]) -> Mapping[str, Identity]:
    identities = {}
    for line in _run(backend, container, (STAT, "-L", "-c", "%d %i %n", "--", *targets)):
        device, inode, target = [*line.split(" ", 2), "", ""][:3]
        if target in targets and all(number.isascii() and number.isdecimal() for number in (device, inode)):
            identities[target] = (int(device), int(inode))
    return identities


def _covered_path(target: str, sources: Mapping[str, str]) -> str:
    """Return the caller's path of the file that a mount inside another bind mount covers; empty if there is none."""
    parents = [parent for parent in sources if target.startswith(f"{parent}/")]
    parent = max(parents, key=len, default="")
    return sources[parent] + target.removeprefix(parent) if parent else ""


def _identity(path: str) -> Identity | None:
    if not path:
        return None
    try:
        info = Path(path).stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _sees_marker(backend: Backend, container: str, workspace: str) -> bool:
    """Check whether the container sees a new file that the caller creates in the workspace for a moment."""
    try:
        with temporary.marker_file(Path(workspace), MARKER_PREFIX) as marker:
            target = f"{naming.WORKSPACE}/{marker.name}"
            return _run(backend, container, (STAT, "-c", "%n", "--", target)) == [target]
    except OSError:
        return False


def _run(backend: Backend, container: str, argv: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    try:
        backend.run_script(container, argv, "", lines.append, limit_s=LIMIT_S)
    except EnvkitError:
        return []
    return lines
