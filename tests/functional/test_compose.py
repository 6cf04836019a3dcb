"""One plan, two launchers: the rendered compose.yaml starts the very container that envkit starts."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.functional.twins import IGNORED, differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

    Inspected = dict[str, Any]
    Compose = Callable[..., Ran]


@dataclass(frozen=True, slots=True)
class Story:
    """What was seen while envkit and Compose took turns.

    Attributes:
        listed: What `compose ps` said of envkit's container.
        logs: What `compose logs` said of it.
        ours: Envkit's container and network.
        theirs: Compose's, after it made both anew.
        kept: `envkit up` on Compose's container, and the container after it.
        gone: What was left after `compose down`.
        mended: `envkit up` after that, and the container after it.
    """

    listed: Inspected
    logs: str
    ours: tuple[Inspected, Inspected]
    theirs: tuple[Inspected, Inspected]
    kept: tuple[Ran, Inspected]
    gone: tuple[list[str], list[str], list[str]]
    mended: tuple[Ran, Inspected]


@pytest.fixture(scope="module")
def rendered(user: User, changing_env: SharedEnvironment) -> Path:
    """Return the compose file in the state folder."""
    (path,) = user.home.glob(".local/state/envkit/*/rich-*/rendered/compose.yaml")
    return path


@pytest.fixture(scope="module")
def run(user: User, compose: list[str], rendered: Path) -> Compose:
    """Return `run("up", "--detach", file=…)`: the real Compose, as the user, on a file or the rendered one."""

    def run(*words: str, file: Path = rendered) -> Ran:
        done = user.run([*compose, "--file", file, *words], timeout_s=120)
        assert done.code == 0, str(done)
        return done

    return run


@pytest.fixture(scope="module")
def story(
    engine: docker.DockerClient,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
    run: Compose,
) -> Story:
    api, name = engine.api, str(changing_env.container.name)

    def inspect() -> tuple[Inspected, Inspected]:
        return dict(api.inspect_container(name)), dict(api.inspect_network(name))

    def up() -> tuple[Ran, Inspected]:
        done = run_envkit(["up", "--project", changing_env.project])
        assert done.code == 0, str(done)
        return done, dict(api.inspect_container(name))

    up()
    listed, logs, ours = json.loads(run("ps", "--format", "json").out), run("logs").out, inspect()
    run("down")
    run("up", "--detach")
    theirs, kept = inspect(), up()
    run("down")
    gone = (
        [str(one.name) for one in engine.containers.list(all=True, filters={"name": name})],
        [str(one.name) for one in engine.networks.list(names=[name])],
        sorted(str(one.name).removeprefix(name) for one in engine.volumes.list(filters={"name": name})),
    )
    return Story(listed, logs, ours, theirs, kept, gone, up())


@pytest.mark.proves("the container envkit starts and the one Docker Compose starts are the same", "real")
def test_both_launchers_start_the_same_container(story: Story) -> None:
    assert differences(story.ours[0], story.theirs[0]) == {}


def test_both_launchers_make_the_same_network(story: Story) -> None:
    ours, theirs = (
        {key: network[key] for key in ("Name", "Driver", "Options", "IPAM", "Internal", "EnableIPv6", "Attachable")}
        for network in (story.ours[1], story.theirs[1])
    )
    assert ours["IPAM"]["Config"][0]["Subnet"] == theirs["IPAM"]["Config"][0]["Subnet"]
    for one in (ours, theirs):
        one.pop("IPAM")
    assert ours == theirs
    labels = [set(network["Labels"].items()) for network in (story.ours[1], story.theirs[1])]
    assert {name for name, _ in labels[0] ^ labels[1]} == {"com.docker.compose.version"}


def test_what_is_ignored_is_there_to_be_ignored(story: Story) -> None:
    # A table that outlives its reasons would hide what comes later.
    compose = "com.docker.compose"
    there = {f"Config.Labels.{name}" for name in story.theirs[0]["Config"]["Labels"] if name.startswith(compose)}
    (network,) = story.theirs[0]["NetworkSettings"]["Networks"].values()
    there |= {f"Network.{name}" for name in network}
    assert set(IGNORED) - there <= {f"Config.Labels.{compose}.replace"}  # there only when a container was replaced


@pytest.mark.proves("`docker compose ps`, `logs` and `down` serve what `envkit up` started", "real")
def test_compose_lists_and_reads_what_envkit_started(story: Story, changing_env: SharedEnvironment) -> None:
    found = {key: story.listed[key] for key in ("Name", "Service", "State")}
    assert found == {"Name": changing_env.container.name, "Service": "workspace", "State": "running"}
    assert story.listed["Health"] in {"starting", "healthy"}
    assert "TensorBoard 2.9" in story.logs


@pytest.mark.proves("`envkit up` keeps what Docker Compose started", "real")
def test_envkit_keeps_what_compose_started(story: Story) -> None:
    up, container = story.kept
    assert "nothing changed" in up.out
    assert container["Id"] == story.theirs[0]["Id"]


@pytest.mark.proves("`docker compose ps`, `logs` and `down` serve what `envkit up` started", "real")
def test_compose_takes_down_what_envkit_started_and_leaves_the_volumes(story: Story) -> None:
    assert story.gone == ([], [], ["-datasets", "-home"])


def test_envkit_comes_back_after_compose_took_it_down(story: Story) -> None:
    up, container = story.mended
    assert "is up" in up.out
    assert differences(story.ours[0], container) == {}


# A difference would be noticed.


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ({"cap_add": ["NET_RAW"]}, "HostConfig.CapAdd"),
        ({"cap_drop": []}, "HostConfig.CapDrop"),
        ({"read_only": False}, "HostConfig.ReadonlyRootfs"),
        ({"security_opt": []}, "HostConfig.SecurityOpt"),
        ({"environment": {"ADDED": "1"}}, "Config.Env.ADDED"),
        ({"labels": {"added": "1"}}, "Config.Labels.added"),
        ({"pids_limit": 701}, "HostConfig.PidsLimit"),
        ({"oom_score_adj": 5}, "HostConfig.OomScoreAdj"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_one_more_setting_on_one_side_is_found(
    engine: docker.DockerClient,
    story: Story,
    rendered: Path,
    run: Compose,
    user: User,
    setting: dict[str, Any],
    path: str,
) -> None:
    document = copy.deepcopy(yaml.safe_load(rendered.read_text()))
    document["name"] = document["services"]["workspace"]["container_name"] = f"{document['name']}-other"
    _merge(document["services"]["workspace"], setting)
    other = user.home / "other.yaml"
    other.write_text(yaml.safe_dump(document))
    user.own(other, 0o600)
    try:
        run("create", file=other)
        made = engine.api.inspect_container(document["name"])
        found = differences(settled(story.ours[0]), settled(made))
        assert set(found) == {path}
    finally:
        run("rm", "--force", file=other)


def settled(found: Inspected) -> Inspected:
    """Return what was asked for, without what follows from another project name and from having been started."""
    labels = {name: one for name, one in found["Config"]["Labels"].items() if not name.startswith("com.docker.")}
    return {**found, "Config": {**found["Config"], "Labels": labels}, "NetworkSettings": {"Networks": {}}}


def _merge(service: dict[str, Any], setting: dict[str, Any]) -> None:
    for key, value in setting.items():
        if isinstance(value, dict):
            service[key].update(value)
        else:
            service[key] = value
