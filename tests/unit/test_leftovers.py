"""Temporary files of killed processes are removed by the next command, and those of running ones are kept."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.commands.init import init
from envkit.fs import files, leftovers, replace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_lock_holder_removes_leftovers_below_its_folder(tmp_path: Path, ended_process: int) -> None:
    state_dir = state.StateDir(tmp_path / "state")
    files.ensure_private_folder(state_dir.mount / "secrets")
    names = [f"mount/.token.{ended_process}.new", f"mount/secrets/.key.{ended_process}.new", f".x.{ended_process}.new"]
    kept = ["mount/token", f"mount/.token.{os.getppid()}.new", "mount/.token.new", f"mount/token.{ended_process}.new"]
    for name in (*names, *kept):
        (state_dir.folder / name).write_text("secret")
    with state.locked(state_dir, lambda: None):
        remaining = {str(path.relative_to(state_dir.folder)) for path in state_dir.folder.rglob("*") if path.is_file()}
    assert remaining == {*kept, "lock"}


def test_process_id_that_is_used_again_keeps_nothing(tmp_path: Path) -> None:
    leftover = tmp_path / f".token.{os.getppid()}.new"
    leftover.write_text("secret")
    os.utime(leftover, (1, 1))
    leftovers.remove(tmp_path)
    assert not leftover.exists()


def test_writers_remove_their_own_leftovers_only(tmp_path: Path, ended_process: int) -> None:
    for name in ("config", "envkit", "other"):
        (tmp_path / f".{name}.{ended_process}.new").write_text("half")
    files.write(tmp_path / "config", b"whole")
    replace.replace_if_unchanged(tmp_path / "config", replace.digest(b"whole"), b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".other.{ended_process}.new", "config"]
    assert (tmp_path / "config").read_bytes() == b"new"


def test_links_and_folders_are_no_leftovers(tmp_path: Path, ended_process: int) -> None:
    (tmp_path / f".a.{ended_process}.new").mkdir()
    (tmp_path / f".b.{ended_process}.new").symlink_to(tmp_path)
    leftovers.remove_below(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_init_on_a_full_disk_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, os.strerror(28))

    owner = str(os.getuid() or 4242)
    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left") as error:
            init(tmp_path / "p", owner=owner)
    assert error.value.filename == str(tmp_path / "p/envkit.yaml")
    assert not list((tmp_path / "p").iterdir())


def test_init_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(os, "link", fail)
    init(tmp_path / "p", owner=str(os.getuid() or 4242))
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["envkit.yaml"]
