"""The real Podman is known for what it is, and refused before anything is made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import client
from envkit.cli import main
from tests.contract.podman import VERSIONS, podman_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.backends.docker.client import Engine

roots = pytest.param("root's", marks=pytest.mark.skipif(os.geteuid() != 0, reason="root alone can start root's Podman"))


@pytest.fixture(scope="module", params=[roots, "a user's"])
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


def test_podman_is_known_and_whether_it_runs_without_root(podman: Engine, version: str, rootless: bool) -> None:
    found = client.facts(podman)
    assert (found.podman, found.version, found.rootless) == (True, version, rootless)


@pytest.mark.proves("Podman and rootless engines are refused with the reason, before anything is made", "real")
@pytest.mark.parametrize("verb", ["up", "build"])
def test_an_up_on_podman_is_refused_and_makes_nothing(
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
    before = held(podman)
    with pytest.raises(SystemExit) as ended:
        main.main([verb, "--yes"])
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert f"is Podman {version}" in said
    assert ("run without root" in said) is rootless
    assert "unset DOCKER_HOST" in said
    assert held(podman) == before
    assert [path for path in tmp_path.rglob("*") if path != project] == []


def held(engine: Engine) -> tuple[object, ...]:
    """Return what an engine holds."""
    api = engine.api
    return api.containers(all=True), api.images(), [one["Name"] for one in api.networks()], api.volumes()["Volumes"]
