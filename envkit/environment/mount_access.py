"""Check bind mounts for what the engine or the container's user may not read, before anything is built."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import PreconditionError
from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkit.model.facts import Account
    from envkit.model.run import Mount, RunPlan

MOUNT_TABLE = "/proc/self/mountinfo"
MOUNT_TABLE_MAX_BYTES = 16 << 20
GIT_LINK = re.compile(rb"gitdir: ([^\0\n]+)\n?")


def refuse_hidden(run: RunPlan, table: str | None = None) -> None:
    """Refuse a source on a file system that its user closed to root, as which the engine mounts it.

    Args:
        run: Plan of the container.
        table: Content of the kernel's mount table; read by default.

    Raises:
        PreconditionError: A source is on a FUSE file system without `allow_other`.
    """
    if table is None:
        table = (files.read_if_permitted(MOUNT_TABLE, MOUNT_TABLE_MAX_BYTES) or b"").decode(errors="surrogateescape")
    mount_points = dict(_closed_mounts(table))
    for source in (mount.source for mount in run.mounts if mount.kind == "bind"):
        parents = (str(parent) for parent in (Path(source), *Path(source).parents))
        mount_point = next((parent for parent in parents if parent in mount_points), "/")
        if mount_points.get(mount_point):
            raise PreconditionError(
                f"the engine may not read {source}: root has no access to the file system at {mount_point}",
                code="mount-source-hidden",
                hint="mount it with the FUSE option allow_other, or move the folder to a local disk",
            )


def notes(run: RunPlan) -> Iterator[str]:
    """Yield what the container's user will miss in the bind mounts, one sentence each."""
    binds = [mount for mount in run.mounts if mount.kind == "bind" and not mount.target.startswith(("/etc/", "/run/"))]
    for mount in binds:
        if not _is_readable(mount.source, run.user):
            yield (
                f"{mount.target} cannot be read in the container: {mount.source} is open only to a group that the "
                f"container's user {run.user.uid}:{run.user.gid} is not in"
            )
        if mount.target == naming.WORKSPACE and (repository := _linked_repository(mount.source, binds)):
            yield (
                f"git does not work in the container: {mount.source} is a linked worktree of {repository}, which is "
                f"not mounted at the same path; git works on the host"
            )


def _closed_mounts(table: str) -> Iterator[tuple[str, bool]]:
    """Yield each mount point with whether its file system is closed to root; of equal ones, the last counts."""
    for line in table.splitlines():
        head, _, tail = line.partition(" - ")
        fields, (kind, *rest) = head.split(" "), tail.split(" ") or [""]
        if len(fields) < 5 or not rest:
            continue
        options = set(rest[-1].split(","))
        is_closed = kind.startswith("fuse") and "allow_other" not in options and "user_id=0" not in options
        yield re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]), is_closed


def _is_readable(path: str, user: Account) -> bool:
    """Check the permissions of a file or folder for one user and one group, without access control lists."""
    try:
        info = os.stat(path)  # noqa: PTH116 - a path of the plan
        if "system.posix_acl_access" in os.listxattr(path):
            return True
    except OSError:
        return True  # other checks report it
    needed = 5 if stat.S_ISDIR(info.st_mode) else 4
    shift = 6 if info.st_uid == user.uid else 3 if info.st_gid == user.gid else 0
    return info.st_mode >> shift & needed == needed


def _linked_repository(workspace: str, binds: Iterable[Mount]) -> str:
    """Return the repository of a linked git worktree if it is not mounted at its own path; else an empty string."""
    match = GIT_LINK.fullmatch(files.read_if_permitted(f"{workspace}/.git", 4096) or b"")
    if match is None:
        return ""
    git_folder = os.path.normpath(os.path.join(workspace, os.fsdecode(match[1])))  # noqa: PTH118 - may be absolute
    if not Path(os.fsdecode(match[1])).is_absolute() and Path(git_folder).is_relative_to(workspace):
        return ""
    is_mounted = any(mount.source == mount.target and Path(git_folder).is_relative_to(mount.source) for mount in binds)
    return "" if is_mounted else git_folder.partition("/.git/")[0]
