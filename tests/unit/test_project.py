"""Which config a command obeys: the nearest one upwards, never one that a stranger planted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkit import state
from envkit.backends.docker import endpoint, inspect
from envkit.backends.docker.endpoint import DEFAULT
from envkit.environment import planning, project
from envkit.environment.project import Environment
from envkit.errors import ConfigError, PreconditionError, StartFailed
from envkit.model.state import State

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_config_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project.find_folder(below) == str(tmp_path)


def test_without_a_config_the_folder_itself_is_the_project(tmp_path: Path) -> None:
    assert project.find_folder(tmp_path) == str(tmp_path)


@pytest.mark.parametrize("name", ["elsewhere.yaml", "gone.yaml"])
def test_a_config_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    # The copy that keeps it from being written inside covers a name, not what a link leads to.
    (tmp_path / "elsewhere.yaml").touch()
    (tmp_path / "envkit.yaml").symlink_to(name)
    with pytest.raises(PreconditionError, match="is a link"):
        project.load(tmp_path, {})


@pytest.mark.parametrize(("made", "what"), [(Path.mkdir, "a folder"), (os.mkfifo, "no regular file")])
def test_a_config_that_is_no_file_is_refused_and_not_passed_over(
    tmp_path: Path, made: Callable[[Path], None], what: str
) -> None:
    made(tmp_path / "envkit.yaml")
    (tmp_path / "src").mkdir()
    for start in (tmp_path, tmp_path / "src"):
        with pytest.raises(PreconditionError, match=rf"envkit\.yaml is {what}") as error:
            project.load(start, {})
        assert error.value.exit_code == 2


@pytest.fixture
def remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a config file that has an environment, with a folder below it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    folder = tmp_path.resolve() / "vision"
    (folder / "src/model").mkdir(parents=True)
    state.save(state.directory(DEFAULT, str(folder)), State("vision", str(folder)))
    return folder


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_an_environment_without_a_config_is_found_from_below(remembered: Path) -> None:
    assert project.find_folder(remembered / "src/model") == str(remembered)
    assert project.find_environment(remembered / "src", None).name == "vision"


def test_the_nearest_of_config_and_environment_wins(remembered: Path) -> None:
    (remembered.parent / "envkit.yaml").touch()
    assert project.find_folder(remembered / "src") == str(remembered)
    (remembered / "src/envkit.yaml").touch()
    assert project.find_folder(remembered / "src/model") == str(remembered / "src")


@pytest.mark.proves("the hint of an environment that is down serves where one stands", "real")
def test_the_hint_of_an_environment_that_is_down_serves_where_one_stands(
    remembered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "container", lambda *_: None)
    monkeypatch.setattr(Environment, "connect", lambda _: None)
    known = project.find_environment(remembered, None)
    told = []
    for folder in (remembered, remembered / "src", Path("/")):
        monkeypatch.chdir(folder)
        told.append(known.hint)
    assert told == ["envkit up", "envkit up", f"envkit up --project {remembered}"]
    with endpoint.override("ssh://far"):
        assert known.hint == f"envkit up --project {remembered} --engine ssh://far"
    shutil.rmtree(remembered)
    with pytest.raises(StartFailed, match=f"vision is down, and its folder {remembered} is gone") as error:
        project.require_running(known.connect(), known)
    assert error.value.hint == "envkit down --volumes --name vision"


@pytest.mark.parametrize(("engine", "about"), [(None, ""), (object(), r"down, ")])
def test_a_name_whose_environment_has_no_folder_any_more_is_refused_with_the_way_out(
    engine: Any, about: str, remembered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "container", lambda *_: None)
    remembered.rename(tmp_path / "moved")
    (tmp_path / "moved/envkit.yaml").write_text("name: vision\n")
    way_out = rf"{remembered} \({about}its folder is gone\); .*envkit down --volumes --name vision"
    with pytest.raises(ConfigError, match=way_out):
        planning.plan_environment(project.load(tmp_path / "moved", {}), engine, None)


def test_an_environment_on_another_engine_is_none_here(remembered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")
    assert project.find_folder(remembered / "src") == str(remembered / "src")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
def test_a_config_of_a_stranger_above_the_folder_is_refused(tmp_path: Path) -> None:
    planted, mine = tmp_path / "envkit.yaml", tmp_path / "mine"
    planted.touch()
    mine.mkdir()
    os.chown(planted, 4242, 4242)
    with pytest.raises(PreconditionError, match="4242"):
        project.find_folder(mine)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
def test_root_may_serve_the_folder_of_a_user_with_that_users_config(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    for path in (tmp_path, tmp_path / "envkit.yaml"):
        os.chown(path, 4242, 4242)
    assert project.find_folder(tmp_path) == str(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PreconditionError):
        project.find_folder(tmp_path / name)
