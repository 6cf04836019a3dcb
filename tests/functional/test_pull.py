"""A base that is brought anew: a workspace gets the packages of today. It takes minutes: only with --whole-images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from tests.functional.conftest import FIRST_UP_S

if TYPE_CHECKING:
    from pathlib import Path

    import docker
    from docker.models.images import Image

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit, Workspaces

pytestmark = pytest.mark.whole_image
BASE = "envkit-base:bookworm"


def made_by(user: User, engine: docker.DockerClient) -> list[Image]:
    """Return the images that a user's envkit made."""
    return list(engine.images.list(filters={"label": [f"{naming.MANAGED}=1", f"{naming.BUILDER}={user.uid}"]}))


def told(envkit: Envkit, project: Path, *args: str) -> list[str]:
    """Run an `up` and return what it did."""
    up = envkit(["up", *args, "--format", "json", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    done: list[str] = json.loads(up.out)["result"]["changed"]
    return done


@pytest.mark.proves("a base that is brought anew makes the workspace anew, of the packages of today", "real")
def test_a_workspace_is_made_of_todays_packages_where_that_is_asked_for(
    run_envkit: Envkit, workspace: Workspaces, user: User, engine: docker.DockerClient
) -> None:
    project = workspace("gpu: off\nbase: debian\n", name="pulled")
    told(run_envkit, project)
    before, known = engine.images.get(BASE), {one.id for one in made_by(user, engine)}
    try:
        assert {"BuildImage", "RemoveContainer", "CreateContainer"} <= set(told(run_envkit, project, "--pull"))
        after = engine.images.get(BASE)
        assert after.id != before.id
        assert after.attrs["Created"] > before.attrs["Created"]
        assert told(run_envkit, project) == []
    finally:
        before.tag(BASE)
        run_envkit(["down", "--project", project])
        made = [one for one in made_by(user, engine) if one.id not in known]
        for one in sorted(made, key=lambda one: str(one.attrs["Created"]), reverse=True):  # what stands on it first
            engine.images.remove(str(one.id), force=True)
