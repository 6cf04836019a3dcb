"""Images are built and removed; the config file of Docker's own client takes no part in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import client, images, inspect
from envkit.errors import BuildFailed
from envkit.model.artifact import Artifact
from tests.contract.conftest import DOCKERFILE, LABELS, launch, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Progress
    from envkit.model.run import RunPlan


def test_modes_reach_the_image(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "stat -c '%u %a' /run-it") == (0, ["0 755"])


def test_a_build_tells_its_steps_and_an_equal_one_makes_the_same_image(engine: Engine, tiny: str, image: str) -> None:
    news: list[Progress] = []
    again = f"{tiny}-again"
    known = inspect.image(engine, image)
    entry = Artifact("run", "#!/bin/sh\necho one\necho two\necho three >&2\nexec sleep 600\n", 0o755)
    try:
        context = (entry, Artifact("Dockerfile", DOCKERFILE.format(base=tiny)))
        images.build(engine, context, again, LABELS, {}, news.append)
        found = inspect.image(engine, again)
    finally:
        images.remove(engine, again)
    assert known is not None
    assert found is not None
    assert found.id == known.id
    assert [one.step for one in news if one.step] == [(n, 4) for n in (1, 2, 3, 4)]


def test_a_build_that_fails_shows_what_was_printed_and_leaves_no_image(engine: Engine, tiny: str) -> None:
    broken = Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "echo the reason why; exit 3"]\n')
    with pytest.raises(BuildFailed, match="the reason why"):
        images.build(engine, (broken,), f"{tiny}-broken", LABELS, {}, lambda _: None)
    assert inspect.image(engine, f"{tiny}-broken") is None


def test_an_image_in_use_is_not_removed(engine: Engine, standing: RunPlan, image: str) -> None:
    assert not images.remove(engine, image)
    assert images.remove(engine, "envkit-contract:missing")


@pytest.fixture(params=["config", "list"])
def beside_a_config(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Yield the engine, reached by a caller whose Docker config names proxies, headers and a credential store."""
    proxies = {"httpProxy": "http://ada:hunter2@proxy:3128", "noProxy": "hunter2.example.com"}
    config = {"proxies": {"default": proxies}, "credsStore": "gone", "HttpHeaders": {"X": "y\n"}, "detachKeys": "?"}
    (tmp_path / "config.json").write_text(json.dumps(config if request.param == "config" else [config]))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    made = client.connect(engine.endpoint)
    yield made
    made.api.close()


def test_the_proxies_of_a_docker_config_reach_no_container(
    beside_a_config: Engine,
    image: str,
    plan: Callable[..., RunPlan],
) -> None:
    run = plan()
    launch(beside_a_config, run, image)
    assert "hunter2" not in json.dumps(beside_a_config.api.inspect_container(run.name))


def test_neither_proxies_nor_credentials_of_a_docker_config_reach_a_build(beside_a_config: Engine, tiny: str) -> None:
    ref, script = f"{tiny}-deaf", "[ -z $http_proxy$HTTP_PROXY$no_proxy$NO_PROXY ]"
    context = (Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "{script}"]\n'),)
    try:
        images.build(beside_a_config, context, ref, LABELS, {}, lambda _: None)
    finally:
        images.remove(beside_a_config, ref)
