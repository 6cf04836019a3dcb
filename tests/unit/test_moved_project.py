"""An environment moves with its project folder, and with no other folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit import backends, naming, reconcile, state
from envkit.environment import moved_project, project
from envkit.errors import PreconditionError
from envkit.model import step
from envkit.model.engine_state import ActualState, ContainerInfo, VolumeInfo
from envkit.model.state import State
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = "unix:///var/run/docker.sock"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project folder with an environment, whose state has a token."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", ENGINE)
    folder = tmp_path / "vision"
    folder.mkdir()
    saved_state = State("vision", str(folder), f"{folder}/src", folder_id=moved_project.folder_id(str(folder)))
    state_dir = state.directory(ENGINE, str(folder))
    state.save(state_dir, saved_state)
    state_dir.mount.mkdir()
    (state_dir.mount / "token").write_text("secret")
    return folder


def test_environment_moves_with_its_folder(folder: Path) -> None:
    moved = folder.rename(folder.parent / "moved")
    environment = project.find_environment(moved, None)
    assert (environment.name, environment.project) == ("vision", str(moved))
    assert environment.state.workspace == f"{moved}/src"
    assert environment.state.label_path == str(folder)
    assert (environment.state_dir.mount / "token").read_text() == "secret"
    assert not state.directory(ENGINE, str(folder)).folder.exists()
    again = moved.rename(folder.parent / "moved again")
    assert project.load(again, {}).state == replace(environment.state, project=str(again), workspace=f"{again}/src")


def test_copy_of_a_folder_is_another_project(folder: Path) -> None:
    copy = shutil.copytree(folder, folder.parent / "copy")
    assert moved_project.adopt(ENGINE, str(copy)) is None
    shutil.rmtree(folder)
    assert moved_project.adopt(ENGINE, str(copy)) is None


def test_folder_that_took_the_inode_of_a_deleted_one_is_new(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    device, inode, birth = moved_project.folder_id(str(other)).split(":")
    state_dir = state.directory(ENGINE, str(folder))
    shutil.rmtree(folder)
    for birth_time in (int(birth) - 1, int(birth)):
        state.save(state_dir, State("vision", str(folder), folder_id=f"{device}:{inode}:{birth_time}"))
        found = moved_project.adopt(ENGINE, str(other))
        assert (found is not None) == (birth_time == int(birth)), birth_time


def test_folder_without_an_identifier_is_never_adopted(folder: Path) -> None:
    state.save(state.directory(ENGINE, str(folder)), State("vision", str(folder)))
    moved = folder.rename(folder.parent / "moved")
    assert moved_project.adopt(ENGINE, str(moved)) is None


def test_interrupted_move_is_completed(folder: Path) -> None:
    moved = folder.rename(folder.parent / "moved")
    state.save(state.directory(ENGINE, str(folder)), State("vision", str(moved), creation_path=str(folder)))
    assert project.find_environment(moved, None).state.label_path == str(folder)
    assert state.directory(ENGINE, str(moved)).folder.exists()


def test_new_project_at_the_old_path_gets_nothing_of_the_moved_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = naming.labels(os.getuid(), "vision", str(folder))
    container = ContainerInfo("c", "running", labels, "i")
    monkeypatch.setattr(backends, "connect", lambda _: FakeBackend(containers={"envkit-0-vision": container}))
    folder.rename(folder.parent / "moved")
    project.find_environment(folder.parent / "moved", None)
    folder.mkdir()
    with pytest.raises(PreconditionError) as error:
        project.find_environment(folder, None)
    assert error.value.code == "environment-not-found"


def test_volumes_of_another_name_are_kept_by_down() -> None:
    volumes = {
        f"envkit-0-vision-{name}": VolumeInfo(naming.labels(0, environment, "/p"), "id")
        for name, environment in (("home", "vision"), ("d0a0-home", "vision-d0a0"))
    }
    steps = reconcile.down("vision", 0, "/p", ActualState(volumes=volumes), volumes=True)
    assert steps == (step.RemoveVolume("envkit-0-vision-home"),)


def test_another_folder_at_the_path_is_recognized(folder: Path) -> None:
    (saved_state,) = (saved for _, saved in state.environments(ENGINE))
    assert not moved_project.is_replaced(saved_state)
    old = folder.rename(folder.parent / "old")
    folder.mkdir()
    assert moved_project.is_replaced(saved_state)
    device, inode, birth = saved_state.folder_id.split(":")
    for changed in (
        replace(saved_state, folder_id=""),
        replace(saved_state, workspace=str(old)),
        replace(saved_state, folder_id=f"{int(device) + 1}:{folder.stat().st_ino}:{birth}"),
    ):
        assert not moved_project.is_replaced(changed), (inode, changed)
