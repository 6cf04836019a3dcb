"""`status`: environments of other users with `--all` only, and drift with `--check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.workspaces import Envkit

OTHER_UID = 4711


@pytest.fixture
def other_environment(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[str]:
    """Yield the name of another user's environment; its container has labels only and is never started."""
    name, image = "theirs", shared_env.container.image
    assert image is not None
    container = engine.containers.create(
        image,
        name=naming.container(OTHER_UID, name),
        labels=naming.labels(OTHER_UID, name, "/home/other/theirs"),
    )
    yield name
    container.remove()


@pytest.mark.proves("`envkit status --all` lists the environments of all users", "real")
def test_all_lists_environments_of_all_users(other_environment: str, run_envkit: Envkit) -> None:
    table = run_envkit(["status", "--all"]).out
    (line,) = [line for line in table.splitlines() if line.startswith(other_environment)]
    assert line.split()[1:4] == ["(user", f"{OTHER_UID})", "created"]
    assert "shared" in table


@pytest.mark.proves("`status --check` reports config drift", "real")
def test_check_warns_of_drift(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    config = shared_env.project / "envkit.yaml"
    before = config.read_text()
    assert _drift(run_envkit) == "passed"
    try:
        config.write_text(before + "env: {ANOTHER: word}\n")
        assert _drift(run_envkit) == "warned"
    finally:
        config.write_text(before)


def _drift(run_envkit: Envkit) -> str:
    status = run_envkit(["status", "--name", "shared", "--check", "--format", "json"])
    (finding,) = json.loads(status.out)["findings"]
    assert (status.code, finding["check"]) == (0, "environment/drift"), str(status)
    return str(finding["status"])


def test_status_lists_only_the_callers_environments(other_environment: str, run_envkit: Envkit) -> None:
    table = run_envkit(["status"]).out
    assert other_environment not in table
    assert "shared" in table
