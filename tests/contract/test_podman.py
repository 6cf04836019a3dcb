"""Real Podman is recognized, and refused before anything is created."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import client
from envkit.cli import main
from tests.support.podman_service import VERSIONS, podman_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.backends.docker.client import Engine

rootful = pytest.param(
    "root's", marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can start root's Podman")
)


@pytest.fixture(scope="module", params=[rootful, "a user's"])
def rootless(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "a user's")


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def podman(version: str, rootless: bool) -> Iterator[Engine]:
    with podman_service(version, rootless=rootless) as address:
        engine = client.connect(address)
        yield engine
        engine.api.close()


def test_podman_is_recognized_also_rootless(podman: Engine, version: str, rootless: bool) -> None:
    facts = client.facts(podman)
    assert (facts.podman, facts.version, facts.rootless) == (True, version, rootless)


@pytest.mark.proves("Podman and rootless engines are refused with the reason, before anything is created", "real")
@pytest.mark.parametrize("verb", ["up", "build"])
def test_podman_is_refused_before_anything_is_created(
    podman: Engine,
    version: str,
    rootless: bool,
    verb: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setenv("DOCKER_HOST", podman.endpoint)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(project)
    resources_before = list_resources(podman)
    with pytest.raises(SystemExit) as exit_error:
        main.main([verb, "--yes"])
    output = capsys.readouterr().err
    assert exit_error.value.code == 2, output
    assert f"Podman {version}: " in output
    assert ("rootless Podman" in output) is rootless
    assert "unset DOCKER_HOST" in output
    assert list_resources(podman) == resources_before
    assert [path for path in tmp_path.rglob("*") if path != project] == []


def list_resources(engine: Engine) -> tuple[object, ...]:
    """List the resources of an engine."""
    api = engine.api
    return (
        api.containers(all=True),
        api.images(),
        [network["Name"] for network in api.networks()],
        api.volumes()["Volumes"],
    )
