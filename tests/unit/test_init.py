"""`init` follows no symbolic links and keeps existing files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit.cli.output import messages
from envkit.commands.init import InitResult, init
from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from pathlib import Path

OWNER = str(os.getuid() or 4242)


def give_to_owner(folder: Path) -> Path:
    if os.getuid() == 0:
        os.chown(folder, int(OWNER), int(OWNER))
    return folder


def test_new_folders_and_files_belong_to_the_owner(tmp_path: Path) -> None:
    report = init(tmp_path / "a" / "b", owner=OWNER)
    assert report.result.files == ("envkit.yaml",)
    for path in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/envkit.yaml"):
        assert path.stat().st_uid == int(OWNER)
    assert (tmp_path / "a/b/envkit.yaml").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.getuid() != 0, reason="only root can create a folder for another user")
def test_the_next_command_depends_on_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = InitResult(str(tmp_path), 1000, ("envkit.yaml",))
    monkeypatch.chdir(tmp_path)
    assert messages.init(result).endswith("\nnext: envkit up")
    monkeypatch.chdir("/")
    assert messages.init(result).endswith(f"\nnext: envkit up --project {tmp_path}")


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError) as error:
        init(tmp_path, owner="4242")
    assert error.value.code == "wrong-owner"
    assert f"chown 4242:4242 {tmp_path}" in error.value.hint
    assert not list(tmp_path.iterdir())


def test_a_config_is_written_to_a_folder_of_the_owner(tmp_path: Path) -> None:
    init(give_to_owner(tmp_path), owner=OWNER)
    assert (tmp_path / "envkit.yaml").stat().st_uid == int(OWNER)


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    project, victim = tmp_path / "project", tmp_path / "victim"
    project.mkdir()
    (project / "envkit.yaml").symlink_to(victim)
    with pytest.raises(PreconditionError) as error:
        init(project, owner=OWNER)
    assert error.value.code == "file-exists"
    assert not victim.exists()


def test_a_folder_is_not_created_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "project").symlink_to(tmp_path / "victim")
    with pytest.raises(PreconditionError) as error:
        init(tmp_path / "project", owner=OWNER)
    assert error.value.code == "project-folder-missing"
    assert not (tmp_path / "victim").exists()


def test_an_example_is_copied_without_links_and_overwrites(tmp_path: Path) -> None:
    example, project = tmp_path / "example", tmp_path / "project"
    for folder in (example, project):
        folder.mkdir()
    give_to_owner(project)
    (tmp_path / "secret").write_text("root's own")
    for name in ("envkit.yaml", "train.py", "mine.py", "linked.py"):
        (example / name).write_text(name)
    (example / "link.py").symlink_to(tmp_path / "secret")
    (project / "mine.py").write_text("mine")
    (project / "linked.py").symlink_to(tmp_path / "victim")
    assert init(project, owner=OWNER, example=example).result.files == ("envkit.yaml", "train.py")
    assert (project / "train.py").read_text() == "train.py"
    assert (project / "mine.py").read_text() == "mine"
    assert not (project / "link.py").exists()
    assert not (tmp_path / "victim").exists()


def test_a_file_replaced_by_a_link_during_the_copy_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example, secret = tmp_path / "example", tmp_path / "secret"
    example.mkdir()
    for path in (example / "envkit.yaml", example / "train.py", secret):
        path.write_text(path.name)
    real_open = os.open

    def open_after_replacement(path: Any, flags: int, *mode: int, **options: Any) -> int:
        if os.path.basename(path) == "train.py":  # noqa: PTH119 - a name relative to a folder's descriptor
            (example / "train.py").unlink()
            (example / "train.py").symlink_to(secret)
        return real_open(path, flags, *mode, **options)

    monkeypatch.setattr(os, "open", open_after_replacement)
    assert init(tmp_path / "project", owner=OWNER, example=example).result.files == ("envkit.yaml",)
    assert not (tmp_path / "project/train.py").exists()


def test_an_example_without_a_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty"):
        with pytest.raises(PreconditionError) as error:
            init(tmp_path / "project", owner=OWNER, example=tmp_path / name)
        assert error.value.code == "example-invalid", name
        assert str(tmp_path / name) in error.value.message
