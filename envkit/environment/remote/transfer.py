"""Copy files between a workspace and its remote copy: rsync over SSH to a staging folder, then into place."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import naming, process, sync_plan
from envkit.errors import EngineError, EnvkitError, PreconditionError
from envkit.fs import files
from envkit.render import ssh_config
from envkit.sync_plan import STAGING_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.environment.project import Environment
    from envkit.observe.sync_sides import Side
    from envkit.sync_plan import Entry, SyncPlan

    Trees = tuple[dict[str, Entry], dict[str, Entry]]

# Regular files and links with times and modes; no links that leave the workspace, no devices or sockets.
RSYNC_OPTIONS = ("-lptR", "--from0", "--safe-links", "--no-devices", "--no-specials", "--whole-file", "--timeout=300")
PARTIAL_TRANSFER_CODES = {23, 24}  # rsync: files vanished or cannot be read; the next comparison finds them


def find_tools() -> tuple[str, str]:
    """Return the paths of rsync and the SSH client.

    Raises:
        PreconditionError: One of them is not installed.
    """
    rsync, ssh = process.which("rsync"), process.which("ssh")
    if rsync is None or ssh is None:
        raise PreconditionError(
            "a remote engine needs rsync and ssh on this host to copy the workspace",
            code="sync-tools-missing",
            detail=f"rsync: {rsync or 'missing'}, ssh: {ssh or 'missing'}",
            hint="sudo apt-get install rsync openssh-client",
        )
    return rsync, ssh


def apply_plan(environment: Environment, plan: SyncPlan, sides: tuple[Side, Side], trees: Trees) -> tuple[str, ...]:
    """Copy files to the staging folder of each side, and then into place.

    Args:
        environment: Environment to sync.
        plan: Sync plan.
        sides: Workspace and its remote copy.
        trees: Listing of each side that the plan was built from.

    Returns:
        Paths that changed in between and were left alone.

    Raises:
        EngineError: rsync failed.
        PreconditionError: This machine has no rsync.
    """
    (local, remote), (local_tree, remote_tree) = sides, trees
    skipped_paths: list[str] = []
    for side, remove_paths, copy_paths, tree, source_tree in (
        (remote, plan.remove_remote, plan.push, remote_tree, local_tree),
        (local, plan.remove_local, plan.pull, local_tree, remote_tree),
    ):
        if remove_paths or copy_paths:
            with _stage(side):
                _rsync(
                    environment,
                    [path for path in copy_paths if source_tree[path].kind != sync_plan.FOLDER],
                    push=side is remote,
                )
                removals = [(path, tree[path]) for path in remove_paths]
                skipped_paths += side.apply_changes(
                    removals, [(path, tree.get(path), source_tree[path]) for path in copy_paths]
                )
    return tuple(skipped_paths)


@contextmanager
def _stage(side: Side) -> Iterator[None]:
    """Create the staging folder of a side; remove it if the body fails."""
    side.create_stage()
    try:
        yield
    except BaseException:
        with suppress(EnvkitError):
            side.remove_stage()
        raise


def _rsync(environment: Environment, paths: Sequence[str], *, push: bool) -> None:
    """Copy files to the other side's staging folder with rsync over envkit's SSH entry."""
    if not paths:
        return
    rsync, ssh = find_tools()
    list_file = environment.state_dir.client / "rsync-files"
    files.write(list_file, b"\0".join(os.fsencode(path) for path in paths))
    container_name = environment.container_name
    config_path = str(environment.state_dir.client / ssh_config.FILE)
    ssh_command = shlex.join([ssh, "-F", config_path, "-oBatchMode=yes", "-oControlMaster=no"])
    workspace, remote_workspace = (
        Path(environment.state.workspace or environment.project),
        f"{container_name}:{naming.WORKSPACE}",
    )
    operands = (
        (f"{workspace}/", f"{remote_workspace}/{STAGING_FOLDER}/")
        if push
        else (f"{remote_workspace}/", f"{workspace / STAGING_FOLDER}/")
    )
    command = [
        rsync,
        *RSYNC_OPTIONS,
        f"--files-from={list_file}",
        "--rsync-path=/usr/bin/rsync",
        "-e",
        ssh_command,
        *operands,
    ]
    output: list[str] = []
    code = process.stream(command, output.append)
    if code not in {0, *PARTIAL_TRANSFER_CODES}:
        raise EngineError(
            f"rsync could not copy the workspace (exit code {code})",
            code="sync-failed",
            detail="; ".join(output[-5:]),
            hint="envkit ssh true checks whether SSH works; then repeat the command",
        )
