"""Images are built and removed, without the configuration of Docker's client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import client, images, inspect
from envkit.errors import BuildFailed
from envkit.model.artifact import Artifact
from tests.contract.conftest import DOCKERFILE, LABELS, launch, run_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Progress
    from envkit.model.run import RunPlan


def test_file_modes_are_kept_in_the_image(engine: Engine, shared: RunPlan) -> None:
    assert run_script(engine, shared, "stat -c '%u %a' /run-it") == (0, ["0 755"])


def test_a_build_reports_steps_and_is_reproducible(engine: Engine, tiny: str, image: str) -> None:
    events: list[Progress] = []
    rebuilt_ref = f"{tiny}-again"
    original = inspect.image(engine, image)
    entry = Artifact("run", "#!/bin/sh\necho one\necho two\necho three >&2\nexec sleep 600\n", 0o755)
    try:
        context = (entry, Artifact("Dockerfile", DOCKERFILE.format(base=tiny)))
        images.build(engine, context, rebuilt_ref, LABELS, {}, events.append)
        rebuilt = inspect.image(engine, rebuilt_ref)
    finally:
        images.remove(engine, rebuilt_ref)
    assert original is not None
    assert rebuilt is not None
    assert rebuilt.id == original.id
    assert [progress.step for progress in events if progress.step] == [(n, 4) for n in (1, 2, 3, 4)]


def test_a_failed_build_shows_its_output_and_leaves_no_image(engine: Engine, tiny: str) -> None:
    broken = Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "echo the reason why; exit 3"]\n')
    with pytest.raises(BuildFailed, match="the reason why") as error:
        images.build(engine, (broken,), f"{tiny}-broken", LABELS, {}, lambda _: None)
    assert error.value.code == "build-failed"
    assert inspect.image(engine, f"{tiny}-broken") is None


def test_an_image_in_use_is_not_removed(engine: Engine, shared: RunPlan, image: str) -> None:
    assert not images.remove(engine, image)
    assert images.remove(engine, "envkit-contract:missing")


@pytest.fixture(params=["config", "list"])
def configured_engine(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Yield the engine for a caller whose Docker configuration has proxies, headers and a credential store."""
    proxies = {"httpProxy": "http://ada:hunter2@proxy:3128", "noProxy": "hunter2.example.com"}
    config = {"proxies": {"default": proxies}, "credsStore": "gone", "HttpHeaders": {"X": "y\n"}, "detachKeys": "?"}
    (tmp_path / "config.json").write_text(json.dumps(config if request.param == "config" else [config]))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    connected_engine = client.connect(engine.endpoint)
    yield connected_engine
    connected_engine.api.close()


def test_proxies_of_a_docker_config_reach_no_container(
    configured_engine: Engine,
    image: str,
    plan: Callable[..., RunPlan],
) -> None:
    run = plan()
    launch(configured_engine, run, image)
    assert "hunter2" not in json.dumps(configured_engine.api.inspect_container(run.name))


def test_proxies_and_credentials_reach_no_build(configured_engine: Engine, tiny: str) -> None:
    ref, script = f"{tiny}-unproxied", "[ -z $http_proxy$HTTP_PROXY$no_proxy$NO_PROXY ]"
    context = (Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "{script}"]\n'),)
    try:
        images.build(configured_engine, context, ref, LABELS, {}, lambda _: None)
    finally:
        images.remove(configured_engine, ref)
