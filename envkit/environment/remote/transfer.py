"""Files on their way between a workspace and its copy: to a stage by rsync over SSH, from there to their places."""

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

# Nothing but files and links, with their times and modes; no link that leads out, and no file that is none.
RSYNC_OPTIONS = ("-lptR", "--from0", "--safe-links", "--no-devices", "--no-specials", "--whole-file", "--timeout=300")
PARTIAL_TRANSFER_CODES = {23, 24}  # rsync's: some files went, or cannot be read; the next look sees that


def find_tools() -> tuple[str, str]:
    """Return rsync and the SSH client.

    Raises:
        Refusal: One of them is not here.
    """
    rsync, ssh = process.which("rsync"), process.which("ssh")
    if rsync is None or ssh is None:
        raise PreconditionError(
            "to another machine's engine the workspace is copied by rsync over SSH, and this host lacks one of them",
            hint="sudo apt-get install rsync openssh-client",
        )
    return rsync, ssh


def apply_plan(environment: Environment, plan: SyncPlan, sides: tuple[Side, Side], trees: Trees) -> tuple[str, ...]:
    """Bring what is to be placed to the stage of each side, and then all of it to its place.

    Args:
        environment: The environment.
        plan: What goes where.
        sides: The workspace here, and its copy there.
        trees: What each of them held when the moves were decided.

    Returns:
        Paths that changed meanwhile and were left as they are.

    Raises:
        EngineError: It could not be copied.
        Refusal: There is no rsync on this machine.
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
    """Have the stage of a side while the body runs, and leave nothing of it when that fails."""
    side.create_stage()
    try:
        yield
    except BaseException:
        with suppress(EnvkitError):
            side.remove_stage()
        raise


def _rsync(environment: Environment, paths: Sequence[str], *, push: bool) -> None:
    """Have rsync copy files through our own SSH to the stage of the other side."""
    if not paths:
        return
    rsync, ssh = find_tools()
    list_file = environment.state_dir.client / "on-its-way"
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
            f"rsync could not copy the workspace (it ended with {code})",
            detail="; ".join(output[-5:]),
            hint="envkit ssh true says whether SSH works; then repeat the command",
        )
