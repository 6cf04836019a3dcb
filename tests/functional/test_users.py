"""One image serves every UID: the workspace's owner is who it runs as, and never root."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import FIRST_UP_S
from tests.functional.inside import Inside
from tests.functional.messages import assert_error
from tests.functional.workspaces import Envkit, leftovers, project_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import Ran

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can call envkit for others")


@pytest.fixture(scope="module")
def as_root(place: Path, run_envkit: Envkit) -> Envkit:
    """Return envkit as root calls it, with a home for root."""
    home = place / "root"
    home.mkdir(mode=0o700)
    return Envkit(replace(run_envkit.user, name="root", uid=0, gid=0, home=home, groups=(0,)), run_envkit.program)


@dataclass(frozen=True)
class Owned:
    """An environment that root started in a folder of somebody else."""

    uid: int
    project: Path
    init: Ran
    up: Ran
    inside: Inside


@pytest.fixture(scope="module", params=[1000, 4242, 2000000])
def owned(request: pytest.FixtureRequest, place: Path, as_root: Envkit, engine: docker.DockerClient) -> Iterator[Owned]:
    """Yield an environment for a UID, whether the machine knows that one or not."""
    uid: int = request.param
    project = place / f"owned-{uid}"
    init = as_root(["init", project, "--owner", str(uid)], cwd=place)
    (project / "existed").touch()  # of root's, as this test runs as root
    up = as_root(["up", "--no-gpu", "--format", "json"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    (container,) = engine.containers.list(filters=project_filter(str(project)))
    yield Owned(uid, project, init, up, Inside(container))
    down = as_root(["down", "--volumes"], cwd=project)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(project)) == {}


@pytest.mark.proves("`envkit init` as root makes a folder for a user of its choice", "real")
def test_init_as_root_makes_a_folder_for_its_user(owned: Owned) -> None:
    assert owned.init.code == 0, str(owned.init)
    config = owned.project / "envkit.yaml"
    assert [path.stat().st_uid for path in (owned.project, config)] == [owned.uid, owned.uid]


@pytest.mark.proves("One image serves every UID", "real")
def test_the_same_image_serves_every_uid(owned: Owned, engine: docker.DockerClient, image: str) -> None:
    assert owned.inside("id", "-u").out == f"{owned.uid}\n"
    assert owned.inside.container.attrs["Image"] == engine.images.get(image).id


@pytest.mark.proves("Files made inside belong to the workspace's owner", "real")
def test_what_is_made_inside_belongs_to_the_owner(owned: Owned) -> None:
    made = owned.inside.sh("id -un; touch result ~/result; stat -c '%u %a' ~; stat -c %u ~/result")
    assert made.out == f"dev\n{owned.uid} 700\n{owned.uid}\n", made
    assert (owned.project / "result").stat().st_uid == owned.uid


@pytest.mark.proves("nothing that existed changes its owner", "real")
def test_what_existed_keeps_its_owner(owned: Owned) -> None:
    assert (owned.project / "existed").stat().st_uid == os.geteuid()


def test_packages_can_be_installed_whoever_the_user_is(owned: Owned) -> None:
    said = owned.inside.sh('test -O "$VIRTUAL_ENV" && python -c "import sys; print(sys.prefix)"')
    assert (said.code, said.out.startswith("/home/dev/")) == (0, True), said


@pytest.mark.proves("A workspace never runs as root", "real")
def test_a_workspace_of_roots_is_refused_with_the_hint(place: Path, as_root: Envkit) -> None:
    project = place / "roots-own"
    project.mkdir()
    assert_error(as_root(["up"], cwd=project), 2, "belongs to root", "envkit init FOLDER --owner USER")
    assert_error(as_root(["init", project / "new"]), 2, "you are root", "--owner USER")
    assert_error(as_root(["init", project / "new", "--owner", "root"]), 2, "never runs as root")
    assert list(project.iterdir()) == []


def test_with_sudo_the_caller_is_who_it_runs_as(place: Path, as_root: Envkit, image: str) -> None:
    project = place / "with-sudo"
    project.mkdir()
    plan = as_root(["up", "--dry-run", "--format", "json"], cwd=project, env={"SUDO_UID": "4242", "SUDO_GID": "4243"})
    assert plan.code == 0, str(plan)
    assert json.loads(plan.out)["result"]["plan"]["run"]["user"] == {"uid": 4242, "gid": 4243}


def test_somebody_elses_workspace_is_refused(place: Path, run_envkit: Envkit) -> None:
    project = place / "somebody-elses"
    project.mkdir()
    os.chown(project, 4242, 4242)
    assert_error(run_envkit(["up"], cwd=project), 2, "belongs to user 4242", "a folder that belongs to you")
