"""Rendered files are written completely to the caller's folder, and not through planted links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.errors import PreconditionError
from envkit.fs import files, safe_tree
from envkit.model.artifact import Artifact

if TYPE_CHECKING:
    from pathlib import Path

FILES = (Artifact("Dockerfile", "FROM\n"), Artifact("bin/entrypoint", "#!\n", 0o755), Artifact("bin/x", "x\n"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another project of the same user, which must not change."""
    folder = tmp_path.resolve() / "other"
    (folder / "bin").mkdir(parents=True)
    (folder / "Dockerfile").write_text("mine")
    return folder


def is_unchanged(folder: Path) -> bool:
    return (folder / "Dockerfile").read_text() == "mine" and not list((folder / "bin").iterdir())


def test_files_are_written_with_their_modes(project: Path) -> None:
    for _ in range(2):
        safe_tree.write(project / "a/rendered", FILES, [str(project)])
    paths = {str(path.relative_to(project / "a/rendered")) for path in (project / "a/rendered").rglob("*")}
    assert paths == {"Dockerfile", "bin", "bin/entrypoint", "bin/x"}
    assert (project / "a/rendered/bin/entrypoint").stat().st_mode & 0o777 == 0o755
    assert (project / "a/rendered/Dockerfile").read_text() == "FROM\n"


@pytest.mark.parametrize("link", ["rendered", "rendered/bin", "a"])
def test_a_planted_link_is_not_followed(project: Path, other: Path, link: str) -> None:
    target = project / ("a/rendered" if link == "a" else "rendered")
    if link == "rendered/bin":
        target.mkdir()
    (project / link).symlink_to(other / "bin" if link.endswith("bin") else other)
    with pytest.raises(PreconditionError) as refusal:
        safe_tree.write(target, FILES, [str(project)])
    assert refusal.value.code == "link-in-path"
    assert str(project / link) in refusal.value.message
    assert is_unchanged(other)
    assert not (project / "rendered/Dockerfile").exists() or link == "rendered"


def test_a_planted_link_behind_the_callers_link_is_refused(project: Path, other: Path) -> None:
    (project / "rendered").symlink_to(other)
    (project.parent / "mine").symlink_to(project / "rendered")
    with pytest.raises(PreconditionError) as refusal:
        safe_tree.write(project.parent / "mine", FILES, [str(project)])
    assert refusal.value.code == "link-in-path"
    assert "project/rendered" in refusal.value.message
    assert is_unchanged(other)


def test_the_callers_links_outside_workspaces_are_followed(project: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    safe_tree.write(tmp_path / "link/rendered", FILES, [str(project)])
    assert (tmp_path / "real/rendered/Dockerfile").read_text() == "FROM\n"


def test_a_link_in_place_of_a_file_is_replaced(project: Path, other: Path) -> None:
    (project / "Dockerfile").symlink_to(other / "Dockerfile")
    safe_tree.write(project, FILES, [str(project)])
    assert is_unchanged(other)
    assert not (project / "Dockerfile").is_symlink()


def test_a_link_loop_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(PreconditionError) as refusal:
        safe_tree.write(tmp_path / "loop", FILES, [str(project)])
    assert refusal.value.code == "link-in-path"


def test_a_folder_in_place_of_a_file_stops_every_write(project: Path) -> None:
    (project / "bin/x").mkdir(parents=True)
    with pytest.raises(PreconditionError) as refusal:
        safe_tree.write(project, FILES, [str(project)])
    assert refusal.value.code == "file-expected"
    assert "bin/x" in refusal.value.message
    assert [path.name for path in project.iterdir()] == ["bin"]


def test_a_full_disk_keeps_the_old_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "Dockerfile").write_text("old")
    original_create = files.create

    def create(path: str, content: bytes, *, mode: int, folder_fd: int) -> None:
        if "entrypoint" in path:
            raise OSError(28, "No space left on device")
        original_create(path, content, mode=mode, folder_fd=folder_fd)

    monkeypatch.setattr(files, "create", create)
    with pytest.raises(OSError, match="No space left"):
        safe_tree.write(project, FILES, [str(project)])
    assert (project / "Dockerfile").read_text() == "old"
    assert sorted(path.name for path in project.iterdir()) == ["Dockerfile", "bin"]
    assert not list((project / "bin").iterdir())
