"""`down` and `prune` remove exactly what they report, and can be repeated."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import docker.errors
import pytest

from envkit import naming
from envkit.backends.docker import tar
from tests.support.environment_traces import container_name, has_no_state, state_folder
from tests.support.envkit_process import wait_for_stage
from tests.support.error_assertions import assert_error
from tests.support.workspaces import leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.account import User
    from tests.support.workspaces import Envkit, Workspaces


@pytest.fixture
def project(workspace: Workspaces, run_envkit: Envkit, image: str) -> Path:
    """Return the project of a running environment; `up` was killed while it waited."""
    project = workspace("gpu: off\n", name="ending", files={"train.py": "print('mine')\n"})
    with run_envkit.start(["up"], cwd=project) as process:
        wait_for_stage(process, "wait")
        os.killpg(process.pid, signal.SIGKILL)
    return project


@pytest.mark.proves("`down` leaves no container and no network, and keeps volumes", "real")
def test_down_removes_container_and_network_only(
    project: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    name = container_name(user, project)
    down = run_envkit(["down", "--format", "json"], cwd=project)
    assert down.code == 0, str(down)
    assert json.loads(down.out)["result"] == {
        "name": "ending",
        "removed": [f"container {name}", f"network {name}"],
        "kept": [f"{name}-home"],
    }
    assert list(leftovers(engine, str(project))) == [f"volume {name}-home"]
    assert (state_folder(user, project) / "mount/token").exists()
    assert (project / "train.py").exists()

    second_down = run_envkit(["down"], cwd=project)
    assert (second_down.code, "nothing to remove" in second_down.out) == (0, True), str(second_down)


@pytest.mark.proves("`down --volumes` leaves no volume and no state", "real")
def test_down_with_volumes_removes_volumes_and_state(
    project: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    # An invalid configuration must not block the removal.
    (project / "envkit.yaml").write_text("gpu: [")
    down = run_envkit(["down", "--volumes"], cwd=project)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(project)) == {}
    assert has_no_state(user, project)
    assert_error(run_envkit(["down"], cwd=project), 2, f"{project} has no environment")


@pytest.mark.proves("an environment is found by its name from anywhere", "real")
def test_down_by_name_works_from_anywhere(project: Path, run_envkit: Envkit, engine: docker.DockerClient) -> None:
    down = run_envkit(["down", "--name", "ending", "--volumes", "--quiet"])
    assert (down.code, down.err) == (0, ""), str(down)
    assert leftovers(engine, str(project)) == {}


@pytest.mark.proves(
    "the command that `status` prints for an environment without its folder stops it and keeps its home", "real"
)
def test_hint_of_status_stops_an_orphaned_environment(
    project: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    shutil.rmtree(project)
    status = run_envkit(["status", "--name", "ending"])
    command = status.out.splitlines()[-1].split()
    assert command == ["envkit", "down", "--name", "ending"], str(status)
    assert run_envkit(command[1:]).code == 0
    assert len(leftovers(engine, str(project))) == 1, "the home volume"
    down = run_envkit([*command[1:], "--volumes"])
    assert down.code == 0, str(down)
    assert (leftovers(engine, str(project)), has_no_state(user, project)) == ({}, True)


@pytest.mark.proves("`down --volumes` leaves no volume and no state", "real")
def test_environment_with_a_lost_state_can_be_removed(
    project: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    shutil.rmtree(state_folder(user, project))
    with run_envkit.start(["up"], cwd=project) as process:  # finds and reuses all resources
        wait_for_stage(process, "wait")
        os.killpg(process.pid, signal.SIGKILL)
    assert len(leftovers(engine, str(project))) == 3

    assert run_envkit(["down"], cwd=project).code == 0  # the home volume stays
    shutil.rmtree(state_folder(user, project))
    down = run_envkit(["down", "--volumes"], cwd=project)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(project)) == {}
    assert has_no_state(user, project)


IMAGE_BYTES = 3_000_000


class Resources:
    """Factory for small resources on the engine with any labels, without envkit."""

    def __init__(self, engine: docker.DockerClient) -> None:
        self.engine = engine
        self.image_refs: list[str] = []

    def image(self, ref: str, **labels: str) -> str:
        """Create an image with one unique file."""
        repository, tag = ref.split(":")
        archive = tar.pack_files({"data": os.urandom(IMAGE_BYTES)})
        changes = [f'LABEL {key}="{value}"' for key, value in labels.items()]
        self.engine.api.import_image_from_data(archive, repository=repository, tag=tag, changes=changes)
        self.image_refs.append(ref)
        return ref

    def container(self, name: str, image: str, **labels: str) -> str:
        """Create a container that never runs."""
        self.engine.api.create_container(image, command=["/data"], name=name, labels=labels)
        return name

    def names(self) -> dict[str, set[str]]:
        """Return the names of all resources of the engine, by type."""
        api = self.engine.api
        return {
            "image": {tag for resource in api.images() for tag in resource["RepoTags"] or ()},
            "container": {resource["Names"][0].lstrip("/") for resource in api.containers(all=True)},
            "network": {resource["Name"] for resource in api.networks()},
            "volume": {resource["Name"] for resource in api.volumes()["Volumes"] or ()},
        }


def remove_resources(engine: docker.DockerClient) -> None:
    """Remove the containers, networks and volumes that these tests create."""
    for container in engine.containers.list(all=True, filters={"name": "envkit-prune-"}):
        container.remove(force=True)
    for network in engine.networks.list(names=["envkit-prune-"]):
        network.remove()
    for volume in engine.volumes.list(filters={"name": "envkit-prune-"}):
        volume.remove()


@pytest.fixture
def resources(engine: docker.DockerClient, image: str) -> Iterator[Resources]:
    """Yield a factory for resources; afterwards, remove them.

    Existing images of envkit are in use by a container meanwhile, so that later tests still find them.
    """
    factory = Resources(engine)
    remove_resources(engine)  # a test run that was killed may have left some
    filters = {"label": f"{naming.MANAGED}=1"}
    repositories = naming.REPOSITORY, naming.BASE_REPOSITORY
    images = [entry for repository in repositories for entry in engine.images.list(repository, filters=filters)]
    for number, entry in enumerate(images):
        engine.api.create_container(str(entry.id), command=["/none"], name=f"envkit-prune-held-{number}")
    yield factory
    remove_resources(engine)
    for ref in factory.image_refs:
        with suppress(docker.errors.ImageNotFound):
            engine.images.remove(ref, force=True)


@pytest.mark.alone
@pytest.mark.proves("`prune --dry-run` lists what would be removed, and changes nothing", "real")
@pytest.mark.proves("`prune` removes only unused resources of envkit, and reports the freed space", "real")
def test_prune_removes_only_unused_resources_of_envkit(
    project: Path, resources: Resources, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    for verb in ("down", "prune"):  # also removes leftovers of other tests
        result = run_envkit([verb], cwd=project)
        assert result.code == 0, str(result)
    own_labels = {naming.MANAGED: "1", naming.OWNER: str(user.uid)}
    other_labels = own_labels | {naming.OWNER: str(user.uid + 1)}
    builder_labels = {naming.MANAGED: "1", naming.BUILDER: str(user.uid)}
    unused = {
        "image": resources.image("envkit:prune-unused", **builder_labels),
        "container": resources.container(
            "envkit-prune-forgotten", resources.image("envkit-prune:foreign"), **own_labels
        ),
        "network": "envkit-prune-forgotten",
    }
    other_image = resources.image("envkit:prune-others", **builder_labels | {naming.BUILDER: str(user.uid + 1)})
    resources.container("envkit-prune-others", other_image, **other_labels)
    # Containers and images that a user makes from envkit's images inherit the labels.
    resources.container("envkit-prune-own-run", resources.image("envkit:prune-used", **builder_labels))
    resources.image("envkit-prune:own-build", **builder_labels | {naming.IMAGE: "0123456789abcdef"})
    resources.container("envkit-prune-foreign", "envkit-prune:foreign")
    engine.networks.create("envkit-prune-forgotten", labels=own_labels)
    engine.networks.create("envkit-prune-foreign")
    engine.networks.create("envkit-prune-others", labels=other_labels)
    engine.volumes.create("envkit-prune-foreign")

    old_names = resources.names()
    dry_run = run_envkit(["prune", "--dry-run", "--quiet", "--format", "json"], cwd=project)
    assert (dry_run.code, dry_run.err) == (0, ""), str(dry_run)
    assert resources.names() == old_names
    prune = run_envkit(["prune", "--format", "json"], cwd=project)
    names = resources.names()

    assert prune.code == 0, str(prune)
    result, preview = json.loads(prune.out)["result"], json.loads(dry_run.out)["result"]
    assert (preview["removed"], preview["dry_run"]) == (result["removed"], True)
    assert [
        f"step {number} of 3: removing {resource}" in prune.err for number, resource in enumerate(result["removed"], 1)
    ] == [True] * 3
    assert sorted(result["removed"]) == sorted(f"{kind} {name}" for kind, name in unused.items())
    assert {kind: old_names[kind] - names[kind] for kind in old_names} == {
        "image": {unused["image"]},
        "container": {unused["container"]},
        "network": {unused["network"]},
        "volume": set(),
    }
    assert preview["freed_bytes"] >= result["freed_bytes"] >= IMAGE_BYTES, str(prune)
