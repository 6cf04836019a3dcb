"""What the engine or the container's user may not read is named before anything is built."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit.environment import mount_access
from envkit.errors import PreconditionError
from envkit.model.facts import Account
from envkit.model.run import Mount
from tests.support.engine_states import desired_state

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.run import RunPlan

ROOT = "21 1 8:1 / / rw - ext4 /dev/sda1 rw"
USER = Account(4242, 4242)


def run_plan(*mounts: Mount) -> RunPlan:
    return replace(desired_state().plan.run, mounts=mounts, user=USER)


def test_file_system_that_is_closed_to_root_is_refused() -> None:
    run = run_plan(Mount("bind", "/mnt/my data/project", "/workspace"))
    for line, is_refused in (
        (r"30 21 0:5 / /mnt/my\040data rw - fuse.bindfs x rw,user_id=1000,group_id=1000", True),
        (r"30 21 0:5 / /mnt/my\040data rw shared:1 - fuse.sshfs h:/x rw,user_id=1000", True),
        (r"30 21 0:5 / /mnt/my\040data rw - fuse.bindfs x rw,user_id=1000,allow_other", False),
        (r"30 21 0:5 / /mnt/my\040data rw - fuse.bindfs x rw,user_id=0", False),
        ("30 21 0:5 / /mnt/my rw - fuse.bindfs x rw,user_id=1000", False),
        ("30 21 0:5 / /mnt rw - fuse x rw,user_id=1\n" + r"31 30 0:6 / /mnt/my\040data rw - nfs4 h:/x rw", False),
        ("nonsense", False),
    ):
        if is_refused:
            with pytest.raises(PreconditionError, match="root has no access to the file system at /mnt/my data"):
                mount_access.refuse_hidden(run, f"{ROOT}\n{line}\n")
        else:
            mount_access.refuse_hidden(run, f"{ROOT}\n{line}\n")


def test_folder_of_a_group_that_the_container_lacks_is_noted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    run = run_plan(Mount("bind", str(data), "/data", read_only=True))
    for mode, count in ((0o2750, 1), (0o700, 1), (0o754, 1), (0o755, 0)):
        data.chmod(mode)
        assert len(list(mount_access.notes(run))) == count, oct(mode)
    data.chmod(0o2750)
    owner = replace(run, user=Account(os.getuid(), 4242))
    assert not list(mount_access.notes(owner))


def test_linked_worktree_is_noted_unless_its_repository_is_mounted(tmp_path: Path) -> None:
    workspace, repository = tmp_path / "tree", tmp_path / "main"
    workspace.mkdir()
    run = run_plan(Mount("bind", str(workspace), "/workspace"))
    run = replace(run, user=Account(os.getuid(), os.getgid()))
    mounted = replace(run, mounts=(*run.mounts, Mount("bind", str(tmp_path), str(tmp_path))))
    for text, count in (
        (f"gitdir: {repository}/.git/worktrees/tree\n", 1),
        ("gitdir: ../main/.git/worktrees/tree", 1),
        ("gitdir: sub/.git", 0),
        ("other", 0),
    ):
        (workspace / ".git").write_text(text)
        found = list(mount_access.notes(run))
        assert len(found) == count, text
        assert not count or f"a linked worktree of {repository}," in found[0], text
        assert not list(mount_access.notes(mounted)), text
