"""The rendered compose.yaml starts the same container as envkit."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.container_diff import IGNORED, differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

    Inspected = dict[str, Any]
    Compose = Callable[..., CommandResult]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Observations while envkit and Compose take turns.

    Attributes:
        listing: Output of `compose ps` for envkit's container.
        logs: Output of `compose logs` for it.
        envkit: Envkit's container and network.
        compose: Compose's container and network, which replaced them.
        kept: `envkit up` on Compose's container, and the container afterwards.
        leftovers: Containers, networks and volumes after `compose down`.
        restarted: `envkit up` after that, and the container afterwards.
    """

    listing: Inspected
    logs: str
    envkit: tuple[Inspected, Inspected]
    compose: tuple[Inspected, Inspected]
    kept: tuple[CommandResult, Inspected]
    leftovers: tuple[list[str], list[str], list[str]]
    restarted: tuple[CommandResult, Inspected]


@pytest.fixture(scope="module")
def rendered(user: User, changing_env: SharedEnvironment) -> Path:
    """Return the compose file in the state directory."""
    (path,) = user.home.glob(".local/state/envkit/*/rich-*/rendered/compose.yaml")
    return path


@pytest.fixture(scope="module")
def run(user: User, compose: list[str], rendered: Path) -> Compose:
    """Return `run("up", "--detach", file=…)`: Docker Compose, run as the user, with the rendered file by default."""

    def run(*words: str, file: Path = rendered) -> CommandResult:
        result = user.run([*compose, "--file", file, *words], timeout_s=120)
        assert result.code == 0, str(result)
        return result

    return run


@pytest.fixture(scope="module")
def comparison(
    engine: docker.DockerClient,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
    run: Compose,
) -> Comparison:
    api, name = engine.api, str(changing_env.container.name)

    def inspect() -> tuple[Inspected, Inspected]:
        return dict(api.inspect_container(name)), dict(api.inspect_network(name))

    def up() -> tuple[CommandResult, Inspected]:
        result = run_envkit(["up", "--project", changing_env.project])
        assert result.code == 0, str(result)
        return result, dict(api.inspect_container(name))

    up()
    listing, logs, envkit_resources = json.loads(run("ps", "--format", "json").out), run("logs").out, inspect()
    run("down")
    run("up", "--detach")
    compose_resources, kept_container = inspect(), up()
    run("down")
    leftovers = (
        [str(resource.name) for resource in engine.containers.list(all=True, filters={"name": name})],
        [str(resource.name) for resource in engine.networks.list(names=[name])],
        sorted(str(resource.name).removeprefix(name) for resource in engine.volumes.list(filters={"name": name})),
    )
    return Comparison(listing, logs, envkit_resources, compose_resources, kept_container, leftovers, up())


@pytest.mark.proves("envkit and Docker Compose start the same container", "real")
def test_both_launchers_start_the_same_container(comparison: Comparison) -> None:
    assert differences(comparison.envkit[0], comparison.compose[0]) == {}


def test_both_launchers_create_the_same_network(comparison: Comparison) -> None:
    envkit_network, compose_network = (
        {key: network[key] for key in ("Name", "Driver", "Options", "IPAM", "Internal", "EnableIPv6", "Attachable")}
        for network in (comparison.envkit[1], comparison.compose[1])
    )
    assert envkit_network["IPAM"]["Config"][0]["Subnet"] == compose_network["IPAM"]["Config"][0]["Subnet"]
    for network in (envkit_network, compose_network):
        network.pop("IPAM")
    assert envkit_network == compose_network
    labels = [set(network["Labels"].items()) for network in (comparison.envkit[1], comparison.compose[1])]
    assert {name for name, _ in labels[0] ^ labels[1]} == {"com.docker.compose.version"}


def test_ignored_settings_exist(comparison: Comparison) -> None:
    # A stale entry of the table could hide a new difference.
    compose = "com.docker.compose"
    settings = {
        f"Config.Labels.{name}" for name in comparison.compose[0]["Config"]["Labels"] if name.startswith(compose)
    }
    (network,) = comparison.compose[0]["NetworkSettings"]["Networks"].values()
    settings |= {f"Network.{name}" for name in network}
    assert set(IGNORED) - settings <= {f"Config.Labels.{compose}.replace"}  # exists only after a container was replaced


@pytest.mark.proves("`docker compose ps`, `logs` and `down` work on a container that `envkit up` started", "real")
def test_compose_lists_and_logs_containers_of_envkit(comparison: Comparison, changing_env: SharedEnvironment) -> None:
    fields = {key: comparison.listing[key] for key in ("Name", "Service", "State")}
    assert fields == {"Name": changing_env.container.name, "Service": "workspace", "State": "running"}
    assert comparison.listing["Health"] in {"starting", "healthy"}
    assert "TensorBoard 2.9" in comparison.logs


@pytest.mark.proves("`envkit up` keeps a container that Docker Compose started", "real")
def test_envkit_keeps_containers_of_compose(comparison: Comparison) -> None:
    up, container = comparison.kept
    assert "nothing changed" in up.out
    assert container["Id"] == comparison.compose[0]["Id"]


@pytest.mark.proves("`docker compose ps`, `logs` and `down` work on a container that `envkit up` started", "real")
def test_compose_down_keeps_only_the_volumes(comparison: Comparison) -> None:
    assert comparison.leftovers == ([], [], ["-datasets", "-home"])


def test_envkit_starts_again_after_compose_down(comparison: Comparison) -> None:
    up, container = comparison.restarted
    assert "is up" in up.out
    assert differences(comparison.envkit[0], container) == {}


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
def test_an_additional_setting_is_found(
    engine: docker.DockerClient,
    comparison: Comparison,
    rendered: Path,
    run: Compose,
    user: User,
    setting: dict[str, Any],
    path: str,
) -> None:
    document = copy.deepcopy(yaml.safe_load(rendered.read_text()))
    document["name"] = document["services"]["workspace"]["container_name"] = f"{document['name']}-other"
    _merge(document["services"]["workspace"], setting)
    file = user.home / "other.yaml"
    file.write_text(yaml.safe_dump(document))
    user.own(file, 0o600)
    try:
        run("create", file=file)
        container = engine.api.inspect_container(document["name"])
        different_settings = differences(
            without_project_labels(comparison.envkit[0]), without_project_labels(container)
        )
        assert set(different_settings) == {path}
    finally:
        run("rm", "--force", file=file)


def without_project_labels(inspection: Inspected) -> Inspected:
    """Return the requested settings, without those that depend on the project name or on the start."""
    labels = {
        name: value for name, value in inspection["Config"]["Labels"].items() if not name.startswith("com.docker.")
    }
    return {**inspection, "Config": {**inspection["Config"], "Labels": labels}, "NetworkSettings": {"Networks": {}}}


def _merge(service: dict[str, Any], setting: dict[str, Any]) -> None:
    for key, value in setting.items():
        if isinstance(value, dict):
            service[key].update(value)
        else:
            service[key] = value
