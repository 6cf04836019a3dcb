"""Which config a command obeys: the nearest one upwards, never one that a stranger planted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.commands import project
from envkit.errors import Refusal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_config_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project.folder_of(below) == str(tmp_path)


def test_without_a_config_the_folder_itself_is_the_project(tmp_path: Path) -> None:
    assert project.folder_of(tmp_path) == str(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
def test_a_config_of_a_stranger_above_the_folder_is_refused(tmp_path: Path) -> None:
    planted, mine = tmp_path / "envkit.yaml", tmp_path / "mine"
    planted.touch()
    mine.mkdir()
    os.chown(planted, 4242, 4242)
    with pytest.raises(Refusal, match="4242"):
        project.folder_of(mine)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
def test_root_may_serve_the_folder_of_a_user_with_that_users_config(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    for path in (tmp_path, tmp_path / "envkit.yaml"):
        os.chown(path, 4242, 4242)
    assert project.folder_of(tmp_path) == str(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal):
        project.folder_of(tmp_path / name)
