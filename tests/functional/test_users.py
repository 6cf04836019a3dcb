"""One image serves every UID: a workspace runs as the owner of its folder, and never as root."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import FIRST_UP_S
from tests.support.container_commands import Inside
from tests.support.error_assertions import assert_error
from tests.support.workspaces import Envkit, leftovers, project_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run envkit for other users")


@pytest.fixture(scope="module")
def as_root(run_folder: Path, run_envkit: Envkit) -> Envkit:
    """Return envkit run by root, with a separate home."""
    home = run_folder / "root"
    home.mkdir(mode=0o700)
    return Envkit(replace(run_envkit.user, name="root", uid=0, gid=0, home=home, groups=(0,)), run_envkit.program)


@dataclass(frozen=True)
class OwnedEnvironment:
    """An environment that root started in another user's folder."""

    uid: int
    project: Path
    init: CommandResult
    inside: Inside


@pytest.fixture(scope="module", params=[1000, 4242, 2000000])
def owned(
    request: pytest.FixtureRequest, run_folder: Path, as_root: Envkit, engine: docker.DockerClient
) -> Iterator[OwnedEnvironment]:
    """Yield an environment for a UID, which may have no account on the machine."""
    uid: int = request.param
    project = run_folder / f"owned-{uid}"
    init = as_root(["init", project, "--owner", str(uid)], cwd=run_folder)
    (project / "existed").touch()  # root owns it, because this test runs as root
    up = as_root(["up", "--no-gpu", "--format", "json"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    (container,) = engine.containers.list(filters=project_filter(str(project)))
    yield OwnedEnvironment(uid, project, init, Inside(container))
    down = as_root(["down", "--volumes"], cwd=project)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(project)) == {}


@pytest.mark.proves("`envkit init` as root creates a folder for the user that `--owner` names", "real")
def test_init_as_root_creates_a_folder_for_the_owner(owned: OwnedEnvironment) -> None:
    assert owned.init.code == 0, str(owned.init)
    config = owned.project / "envkit.yaml"
    assert [path.stat().st_uid for path in (owned.project, config)] == [owned.uid, owned.uid]


@pytest.mark.proves("one image works for every UID", "real")
def test_same_image_serves_every_uid(owned: OwnedEnvironment, engine: docker.DockerClient, image: str) -> None:
    assert owned.inside("id", "-u").out == f"{owned.uid}\n"
    assert owned.inside.container.attrs["Image"] == engine.images.get(image).id


@pytest.mark.proves("files created in the container belong to the workspace's owner", "real")
def test_new_files_belong_to_the_owner(owned: OwnedEnvironment) -> None:
    result = owned.inside.sh("id -un; touch result ~/result; stat -c '%u %a' ~; stat -c %u ~/result")
    assert result.out == f"dev\n{owned.uid} 700\n{owned.uid}\n", result
    assert (owned.project / "result").stat().st_uid == owned.uid


@pytest.mark.proves("existing files keep their owner", "real")
def test_existing_files_keep_their_owner(owned: OwnedEnvironment) -> None:
    assert (owned.project / "existed").stat().st_uid == os.geteuid()


def test_environment_of_python_belongs_to_the_user(owned: OwnedEnvironment) -> None:
    result = owned.inside.sh('test -O "$VIRTUAL_ENV" && python -c "import sys; print(sys.prefix)"')
    assert (result.code, result.out.startswith("/home/dev/")) == (0, True), result


@pytest.mark.proves("a workspace never runs as root", "real")
def test_workspace_of_root_is_refused_with_a_hint(run_folder: Path, as_root: Envkit) -> None:
    project = run_folder / "owned-by-root"
    project.mkdir()
    for arguments, hint in (
        (["up"], "envkit init FOLDER --owner USER"),
        (["init", project / "new"], "envkit init FOLDER --owner USER"),
        (["init", project / "new", "--owner", "root"], "--owner"),
    ):
        result = as_root([*arguments, "--format", "json"], cwd=project)
        assert_error(result, 2, hint, code="root-not-allowed")
    assert list(project.iterdir()) == []


def test_sudo_caller_becomes_the_user(run_folder: Path, as_root: Envkit, image: str) -> None:
    project = run_folder / "with-sudo"
    project.mkdir()
    plan = as_root(["up", "--dry-run", "--format", "json"], cwd=project, env={"SUDO_UID": "4242", "SUDO_GID": "4243"})
    assert plan.code == 0, str(plan)
    assert json.loads(plan.out)["result"]["plan"]["run"]["user"] == {"uid": 4242, "gid": 4243}


def test_workspace_of_another_user_is_refused(run_folder: Path, run_envkit: Envkit) -> None:
    project = run_folder / "owned-by-another-user"
    project.mkdir()
    os.chown(project, 4242, 4242)
    up = run_envkit(["up", "--format", "json"], cwd=project)
    assert_error(up, 2, "a folder that belongs to you", code="wrong-owner")
