"""`status --all`: what others run on the same engine, and only then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

STRANGER = 4711


@pytest.fixture
def theirs(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[str]:
    """Yield the name of another user's environment, of which only its labels matter: it is never started."""
    name, image = "theirs", shared_env.container.image
    assert image is not None
    made = engine.containers.create(
        image,
        name=naming.container(STRANGER, name),
        labels=naming.labels(STRANGER, name, "/home/somebody/theirs"),
    )
    yield name
    made.remove()


@pytest.mark.proves("`envkit status --all` lists everybody's", "real")
def test_everybodys_environments_are_listed_with_their_users(theirs: str, run_envkit: Envkit) -> None:
    listed = run_envkit(["status", "--all"]).out
    (line,) = [line for line in listed.splitlines() if line.startswith(theirs)]
    assert line.split()[1:4] == ["(user", f"{STRANGER})", "created"]
    assert "shared" in listed


@pytest.mark.proves("`status --check` tells of drift", "real")
def test_an_environment_that_is_not_what_its_config_says_any_more_is_told(
    run_envkit: Envkit, shared_env: SharedEnvironment
) -> None:
    config = shared_env.project / "envkit.yaml"
    before = config.read_text()
    assert _drift(run_envkit) == "passed"
    try:
        config.write_text(before + "env: {ANOTHER: word}\n")
        assert _drift(run_envkit) == "warned"
    finally:
        config.write_text(before)


def _drift(run_envkit: Envkit) -> str:
    done = run_envkit(["status", "--name", "shared", "--check", "--format", "json"])
    (found,) = json.loads(done.out)["findings"]
    assert (done.code, found["check"]) == (0, "environment/drift"), str(done)
    return str(found["status"])


def test_ones_own_list_leaves_out_what_others_run(theirs: str, run_envkit: Envkit) -> None:
    listed = run_envkit(["status"]).out
    assert theirs not in listed
    assert "shared" in listed
