"""`up --pull` rebuilds a workspace on current packages. It takes minutes, so it needs --whole-images."""

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

    from tests.support.account import User
    from tests.support.workspaces import Envkit, Workspaces

pytestmark = pytest.mark.whole_image
BASE = "envkit-base:bookworm"


def built_images(user: User, engine: docker.DockerClient) -> list[Image]:
    """Return the images that a user's envkit built."""
    return list(engine.images.list(filters={"label": [f"{naming.MANAGED}=1", f"{naming.BUILDER}={user.uid}"]}))


def changed_steps(envkit: Envkit, project: Path, *args: str) -> list[str]:
    """Run an `up`, and return the names of its steps."""
    up = envkit(["up", *args, "--format", "json", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    steps: list[str] = json.loads(up.out)["result"]["changed"]
    return steps


@pytest.mark.proves("a base that is pulled again rebuilds the workspace on current packages", "real")
def test_pull_rebuilds_the_workspace_on_current_packages(
    run_envkit: Envkit, workspace: Workspaces, user: User, engine: docker.DockerClient
) -> None:
    project = workspace("gpu: off\nbase: debian\n", name="pulled")
    changed_steps(run_envkit, project)
    before, earlier_ids = engine.images.get(BASE), {image.id for image in built_images(user, engine)}
    try:
        steps = changed_steps(run_envkit, project, "--pull")
        assert {"BuildImage", "RemoveContainer", "CreateContainer"} <= set(steps)
        after = engine.images.get(BASE)
        assert after.id != before.id
        assert after.attrs["Created"] > before.attrs["Created"]
        assert changed_steps(run_envkit, project) == []
    finally:
        before.tag(BASE)
        run_envkit(["down", "--project", project])
        new_images = [image for image in built_images(user, engine) if image.id not in earlier_ids]
        # The newest first, because later images depend on earlier ones.
        for image in sorted(new_images, key=lambda image: str(image.attrs["Created"]), reverse=True):
            engine.images.remove(str(image.id), force=True)
