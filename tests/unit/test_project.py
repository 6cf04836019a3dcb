"""Which configuration a command obeys: the nearest one upwards, never one that another user planted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from envkit import state
from envkit.backends import endpoint
from envkit.backends.endpoint import DEFAULT
from envkit.environment import planning, project
from envkit.environment.project import Environment
from envkit.errors import ConfigError, PreconditionError, StartFailed
from envkit.model.state import State
from tests.support.fake_backend import FakeBackend

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can create a file of another user")


def test_config_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert project.find_folder(folder) == str(tmp_path)


def test_folder_without_config_is_the_project(tmp_path: Path) -> None:
    assert project.find_folder(tmp_path) == str(tmp_path)


def test_symlinked_config_is_refused(tmp_path: Path) -> None:
    # The guard against changes from the container protects the path, not the link's target.
    (tmp_path / "target.yaml").touch()
    for target in ("target.yaml", "missing.yaml"):
        (tmp_path / "envkit.yaml").unlink(missing_ok=True)
        (tmp_path / "envkit.yaml").symlink_to(target)
        with pytest.raises(PreconditionError) as error:
            project.load(tmp_path, {})
        assert error.value.code == "config-symlink", target


def test_a_configuration_with_a_second_name_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "envkit.yaml"
    config.write_text("gpu: off\n")
    (tmp_path / "other.yaml").hardlink_to(config)
    with pytest.raises(PreconditionError) as error:
        project.load(tmp_path, {})
    assert error.value.code == "config-hard-link"
    subprocess.run(error.value.hint.partition(": ")[2], shell=True, check=True)  # noqa: S602 - the printed command
    assert project.load(tmp_path, {}).config.gpu == "off"


def test_config_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    for create, file_kind in ((Path.mkdir, "a folder"), (os.mkfifo, "not a regular file")):
        root = tmp_path / file_kind
        (root / "src").mkdir(parents=True)
        create(root / "envkit.yaml")
        for start in (root, root / "src"):
            with pytest.raises(PreconditionError, match=rf"envkit\.yaml is {file_kind}") as error:
                project.load(start, {})
            assert (error.value.code, error.value.exit_code) == ("config-unreadable", 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a configuration file that has an environment, and a folder below it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    path = tmp_path.resolve() / "vision"
    (path / "src/model").mkdir(parents=True)
    state.save(state.directory(DEFAULT, str(path)), State("vision", str(path)))
    return path


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_environment_is_found_from_a_folder_below(folder: Path) -> None:
    assert project.find_folder(folder / "src/model") == str(folder)
    assert project.find_environment(folder / "src", None).name == "vision"


def test_nearest_config_or_environment_wins(folder: Path) -> None:
    (folder.parent / "envkit.yaml").touch()
    assert project.find_folder(folder / "src") == str(folder)
    (folder / "src/envkit.yaml").touch()
    assert project.find_folder(folder / "src/model") == str(folder / "src")


@pytest.mark.proves("the hint for an environment that is down works in the current folder", "real")
def test_hint_works_from_the_current_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "connect", lambda _: FakeBackend())
    environment = project.find_environment(folder, None)
    for current, hint in (
        (folder, "envkit up"),
        (folder / "src", "envkit up"),
        (Path("/"), f"envkit up --project {folder}"),
    ):
        monkeypatch.chdir(current)
        assert environment.hint == hint
    with endpoint.override("ssh://far"):
        assert environment.hint == f"envkit up --project {folder} --engine ssh://far"


def test_missing_project_folder_is_in_the_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "connect", lambda _: FakeBackend())
    environment = project.find_environment(folder, None)
    shutil.rmtree(folder)
    with pytest.raises(StartFailed, match=f"{folder} is missing") as error:
        project.require_running(environment.connect(), environment)
    assert error.value.code == "environment-not-running"
    assert error.value.hint.endswith("otherwise envkit down --name vision")


def test_name_of_a_moved_project_is_refused_with_a_hint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rename(tmp_path / "moved")
    (tmp_path / "moved/envkit.yaml").write_text("name: vision\n")
    cases: tuple[tuple[FakeBackend | None, str], ...] = ((None, ""), (FakeBackend(), "down, "))
    for backend, status in cases:
        expected = rf"{folder} \({status}its folder is missing\).*envkit down --volumes --name vision"
        with pytest.raises(ConfigError, match=expected):
            planning.plan_environment(project.load(tmp_path / "moved", {}), backend, None)


def test_environment_of_another_engine_is_ignored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")
    assert project.find_folder(folder / "src") == str(folder / "src")


@NEEDS_ROOT
def test_config_of_another_user_is_refused(tmp_path: Path) -> None:
    config_path, start = tmp_path / "envkit.yaml", tmp_path / "mine"
    config_path.touch()
    start.mkdir()
    os.chown(config_path, 4242, 4242)
    with pytest.raises(PreconditionError, match="4242") as error:
        project.find_folder(start)
    assert error.value.code == "config-untrusted"


@NEEDS_ROOT
def test_root_obeys_the_config_of_the_folders_owner(tmp_path: Path) -> None:
    (tmp_path / "envkit.yaml").touch()
    for path in (tmp_path, tmp_path / "envkit.yaml"):
        os.chown(path, 4242, 4242)
    assert project.find_folder(tmp_path) == str(tmp_path)


def test_missing_folder_and_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("missing", "file"):
        with pytest.raises(PreconditionError) as error:
            project.find_folder(tmp_path / name)
        assert error.value.code == "project-folder-missing", name


def test_folder_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with pytest.raises(PreconditionError, match=r"caf\\xe9") as error:
        project.find_folder(folder)
    assert error.value.code == "path-not-utf8"
    assert "rename" in error.value.hint
