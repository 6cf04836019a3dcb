"""`down` and `prune` take away what they say, nothing else, and can be called again."""

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
from tests.functional.messages import told
from tests.functional.processes import told_stage
from tests.functional.traces import forgotten, state_folder, title
from tests.functional.workspaces import leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit, Workspaces


@pytest.fixture
def begun(workspace: Workspaces, run_envkit: Envkit, image: str) -> Path:
    """Make an environment that runs; nobody waited until it answers."""
    project = workspace("gpu: off\n", name="ending", files={"train.py": "print('mine')\n"})
    with run_envkit.start(["up"], cwd=project) as process:
        told_stage(process, "wait")
        os.killpg(process.pid, signal.SIGKILL)
    return project


@pytest.mark.proves("`down` leaves no container and no network, and keeps volumes", "real")
def test_down_takes_container_and_network_and_keeps_the_rest(
    begun: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    name = title(user, begun)
    down = run_envkit(["down", "--format", "json"], cwd=begun)
    assert down.code == 0, str(down)
    assert json.loads(down.out)["result"] == {
        "name": "ending",
        "removed": [f"container {name}", f"network {name}"],
        "kept": [f"{name}-home"],
    }
    assert list(leftovers(engine, str(begun))) == [f"volume {name}-home"]
    assert (state_folder(user, begun) / "mount/token").exists()
    assert (begun / "train.py").exists()

    again = run_envkit(["down"], cwd=begun)
    assert (again.code, "nothing to remove" in again.out) == (0, True), str(again)


@pytest.mark.proves("`down --volumes` leaves no volume and no state", "real")
def test_down_with_volumes_takes_those_and_the_state(
    begun: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    # A config that was broken meanwhile is no reason to keep the environment.
    (begun / "envkit.yaml").write_text("gpu: [")
    down = run_envkit(["down", "--volumes"], cwd=begun)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(begun)) == {}
    assert forgotten(user, begun)
    told(run_envkit(["down"], cwd=begun), 2, f"{begun} has no environment")


@pytest.mark.proves("an environment is found by its name from anywhere", "real")
def test_down_by_name_works_from_anywhere(begun: Path, run_envkit: Envkit, engine: docker.DockerClient) -> None:
    down = run_envkit(["down", "--name", "ending", "--volumes", "--quiet"])
    assert (down.code, down.err) == (0, ""), str(down)
    assert leftovers(engine, str(begun)) == {}


@pytest.mark.proves("an environment whose folder is gone is removed by the command that `status` tells", "real")
def test_an_environment_whose_folder_is_gone_is_removed_by_the_command_that_status_tells(
    begun: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    shutil.rmtree(begun)
    listed = run_envkit(["status", "--name", "ending"])
    told = listed.out.splitlines()[-1].split()
    assert told == ["envkit", "down", "--volumes", "--name", "ending"], str(listed)
    down = run_envkit(told[1:])
    assert down.code == 0, str(down)
    assert (leftovers(engine, str(begun)), forgotten(user, begun)) == ({}, True)


@pytest.mark.proves("`down --volumes` leaves no volume and no state", "real")
def test_a_state_that_was_lost_keeps_nothing_from_being_found_and_taken_away(
    begun: Path, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    shutil.rmtree(state_folder(user, begun))
    with run_envkit.start(["up"], cwd=begun) as process:  # finds all of it again, and makes nothing twice
        told_stage(process, "wait")
        os.killpg(process.pid, signal.SIGKILL)
    assert len(leftovers(engine, str(begun))) == 3

    assert run_envkit(["down"], cwd=begun).code == 0  # the home volume stays
    shutil.rmtree(state_folder(user, begun))
    down = run_envkit(["down", "--volumes"], cwd=begun)
    assert down.code == 0, str(down)
    assert leftovers(engine, str(begun)) == {}
    assert forgotten(user, begun)


SIZE = 3_000_000


class Things:
    """Small things on the engine, made without envkit, with labels of one's choice."""

    def __init__(self, engine: docker.DockerClient) -> None:
        self.engine = engine
        self.made: list[str] = []

    def image(self, ref: str, **labels: str) -> str:
        """Make an image of one file nobody else has."""
        repository, tag = ref.split(":")
        packed = tar.pack_files({"data": os.urandom(SIZE)})
        changes = [f'LABEL {key}="{value}"' for key, value in labels.items()]
        self.engine.api.import_image_from_data(packed, repository=repository, tag=tag, changes=changes)
        self.made.append(ref)
        return ref

    def container(self, name: str, image: str, **labels: str) -> str:
        """Make a container that never runs."""
        self.engine.api.create_container(image, command=["/data"], name=name, labels=labels)
        return name

    def all(self) -> dict[str, set[str]]:
        """Return the names of everything there is."""
        api = self.engine.api
        return {
            "image": {tag for one in api.images() for tag in one["RepoTags"] or ()},
            "container": {one["Names"][0].lstrip("/") for one in api.containers(all=True)},
            "network": {one["Name"] for one in api.networks()},
            "volume": {one["Name"] for one in api.volumes()["Volumes"] or ()},
        }


@pytest.fixture
def things(engine: docker.DockerClient, image: str) -> Iterator[Things]:
    """Yield a way to make things, and take them away in the end.

    Whatever image envkit built so far is held by a container: what a later test or run needs stays.
    """
    made = Things(engine)
    ours = {"label": f"{naming.MANAGED}=1"}
    repositories = naming.REPOSITORY, naming.BASE_REPOSITORY
    built = [one for repository in repositories for one in engine.images.list(repository, filters=ours)]
    for number, one in enumerate(built):
        engine.api.create_container(str(one.id), command=["/none"], name=f"envkit-prune-held-{number}")
    yield made
    for container in engine.containers.list(all=True, filters={"name": "envkit-prune-"}):
        container.remove(force=True)
    for network in engine.networks.list(names=["envkit-prune-"]):
        network.remove()
    for volume in engine.volumes.list(filters={"name": "envkit-prune-"}):
        volume.remove()
    for ref in made.made:
        with suppress(docker.errors.ImageNotFound):
            engine.images.remove(ref, force=True)


@pytest.mark.alone
@pytest.mark.proves("`prune --dry-run` says what would go and changes nothing", "real")
@pytest.mark.proves("`prune` removes only what is ours and unused, and says how much it freed", "real")
def test_prune_removes_what_is_ours_and_unused_and_nothing_else(
    begun: Path, things: Things, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    for verb in ("down", "prune"):  # what other tests left goes first
        ran = run_envkit([verb], cwd=begun)
        assert ran.code == 0, str(ran)
    ours = {naming.MANAGED: "1", naming.OWNER: str(user.uid)}
    others = ours | {naming.OWNER: str(user.uid + 1)}
    built = {naming.MANAGED: "1", naming.BUILDER: str(user.uid)}
    ours_unused = {
        "image": things.image("envkit:prune-unused", **built),
        "container": things.container("envkit-prune-forgotten", things.image("envkit-prune:foreign"), **ours),
        "network": "envkit-prune-forgotten",
    }
    others_image = things.image("envkit:prune-others", **built | {naming.BUILDER: str(user.uid + 1)})
    things.container("envkit-prune-others", others_image, **others)
    # What somebody runs and builds from images of ours has their labels.
    things.container("envkit-prune-own-run", things.image("envkit:prune-used", **built))
    things.image("envkit-prune:own-build", **built | {naming.IMAGE: "0123456789abcdef"})
    things.container("envkit-prune-foreign", "envkit-prune:foreign")
    engine.networks.create("envkit-prune-forgotten", labels=ours)
    engine.networks.create("envkit-prune-foreign")
    engine.networks.create("envkit-prune-others", labels=others)
    engine.volumes.create("envkit-prune-foreign")

    before = things.all()
    dry = run_envkit(["prune", "--dry-run", "--quiet", "--format", "json"], cwd=begun)
    assert (dry.code, dry.err) == (0, ""), str(dry)
    assert things.all() == before
    prune = run_envkit(["prune", "--format", "json"], cwd=begun)
    after = things.all()

    assert prune.code == 0, str(prune)
    result, foretold = json.loads(prune.out)["result"], json.loads(dry.out)["result"]
    assert (foretold["removed"], foretold["dry_run"]) == (result["removed"], True)
    assert [f"step {at} of 3: removing {one}" in prune.err for at, one in enumerate(result["removed"], 1)] == [True] * 3
    assert sorted(result["removed"]) == sorted(f"{kind} {name}" for kind, name in ours_unused.items())
    assert {kind: before[kind] - after[kind] for kind in before} == {
        "image": {ours_unused["image"]},
        "container": {ours_unused["container"]},
        "network": {ours_unused["network"]},
        "volume": set(),
    }
    assert foretold["freed_bytes"] >= result["freed_bytes"] >= SIZE, str(prune)
