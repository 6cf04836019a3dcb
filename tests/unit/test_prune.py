# ruff: noqa: ARG002 - the fakes have the signatures of the engine's API
"""`prune` removes unused resources only: no image of an environment that is down, and nothing during other commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming, state
from envkit.backends.docker import client
from envkit.backends.docker import prune as prune_
from envkit.backends.docker.client import LONG_TIMEOUT_S, Engine
from envkit.cli.output import messages
from envkit.commands import prune
from envkit.errors import PreconditionError
from envkit.fs import locks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.report import Progress

ENDPOINT = "unix:///x"


class Api:
    """A fake engine with images, without containers and networks."""

    def __init__(self, *refs: str) -> None:
        self.refs = list(refs)
        self.timeout = 60
        self.log: list[str] = []
        self.layers: dict[str, list[tuple[str, int]]] = {}
        self.lowest_layers: dict[str, str] = {}

    def inspect_image(self, image: str) -> dict[str, Any]:
        lowest_layer = self.lowest_layers.get(image.removeprefix("id of "), "sha256:0")
        return {"RootFS": {"Layers": [lowest_layer, "sha256:1"]}}

    def history(self, image: str) -> list[dict[str, Any]]:
        layers = self.layers.get(image.removeprefix("id of "), [])
        return [{"Created": 1, "CreatedBy": step, "Size": size} for step, size in reversed(layers)]

    def containers(self, **filters: Any) -> list[dict[str, Any]]:
        return []

    def networks(self, **filters: Any) -> list[dict[str, Any]]:
        return []

    def images(self, **filters: Any) -> list[dict[str, Any]]:
        return [{"Id": f"id of {ref}", "RepoTags": [ref], "Labels": {naming.IMAGE: "d"}} for ref in self.refs]

    def remove_image(self, ref: str, *, force: bool) -> None:
        self.log.append(f"remove {ref}")
        self.refs.remove(ref)

    def df(self) -> dict[str, int]:
        assert self.timeout == LONG_TIMEOUT_S
        self.log.append("df")
        return {"LayersSize": 100 * len(self.refs)}


def find(api: Any, *, environment_names: frozenset[str] = frozenset()) -> list[str]:
    return [str(resource) for resource in prune_.find(Engine(ENDPOINT, api), 1000, environment_names, (), ())]


def remove(
    api: Api, kept_images: set[str], on_progress: Callable[[Progress], None] = lambda _: None
) -> tuple[list[str], int]:
    engine = Engine(ENDPOINT, api)  # type: ignore[arg-type]
    return prune_.remove(engine, prune_.find(engine, 1000, set(), set(), kept_images), on_progress)


def test_the_image_of_an_environment_that_is_down_is_kept() -> None:
    api = Api("envkit:old", "envkit:mine")
    assert remove(api, {"envkit:mine"}) == (["image envkit:old"], 100)
    assert api.refs == ["envkit:mine"]


def test_other_images_with_inherited_labels_are_kept() -> None:
    api = Api("model:1", "envkit:old")
    assert remove(api, set())[0] == ["image envkit:old"]
    assert api.refs == ["model:1"]


def test_of_unnamed_images_only_those_of_failed_builds_go() -> None:
    cases = [
        ({naming.SUITE: "bookworm"}, ["image sha256:0123"]),  # a step of a failed build on envkit's base image
        ({naming.SUITE: "bookworm", naming.IMAGE: "d"}, []),  # built on envkit's image
    ]
    for labels, removed in cases:
        api = Api()
        api.refs = ["<none>:<none>"]
        image = {"Id": "sha256:0123", "RepoTags": ["<none>:<none>"], "Labels": labels}
        api.images = lambda image=image, **_: [image]  # type: ignore[method-assign]
        api.remove_image = lambda ref, api=api, **_: api.log.append(f"remove {ref}")  # type: ignore[method-assign]
        assert remove(api, set())[0] == removed, labels


def test_disk_usage_is_measured_before_and_after() -> None:
    api = Api("envkit:old")
    remove(api, set())
    assert api.log == ["df", "remove envkit:old", "df"]


def test_another_running_command_prevents_prune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state_dir = state.directory(ENDPOINT, "/home/ada/vision")  # of an `up` that has not saved a state yet
    with locks.hold(state_dir.lock, lambda: pytest.fail("the lock is free")):
        with pytest.raises(PreconditionError) as error, prune._lock_all(ENDPOINT):
            pytest.fail("the lock is held")
        assert error.value.code == "environment-locked"
        assert str(state_dir.folder) in error.value.message
    with prune._lock_all(ENDPOINT):
        assert state_dir.lock.exists()


class UnusedApi(Api):
    """A fake engine with an unused container, its network and its image."""

    def __init__(self) -> None:
        super().__init__("envkit:old")
        self.container_names = {"id": "envkit-1000-old"}
        self.network_names = {"net": "envkit-1000-old"}

    def containers(self, **filters: Any) -> list[dict[str, Any]]:
        fields = {"State": "exited", "ImageID": "id of envkit:old", "Labels": {}}
        return [{"Id": id_, "Names": [f"/{name}"], **fields} for id_, name in self.container_names.items()]

    def networks(self, **filters: Any) -> list[dict[str, Any]]:
        return [{"Id": id_, "Name": name} for id_, name in self.network_names.items()]

    def inspect_network(self, network: str) -> dict[str, Any]:
        return {"Containers": {}}

    def stop(self, container: str, *, timeout: int) -> None:
        pass

    def remove_container(self, container: str, *, force: bool, v: bool) -> None:
        self.log.append(f"remove {self.container_names.pop(container)}")

    def remove_network(self, name: str) -> None:
        self.network_names.clear()
        self.log.append(f"remove network {name}")


UNUSED = ["container envkit-1000-old", "network envkit-1000-old", "image envkit:old"]


def test_resources_of_an_unused_container_are_unused() -> None:
    api = UnusedApi()
    assert find(api) == UNUSED
    assert api.log == []


def test_resources_of_an_existing_environment_are_kept() -> None:
    assert find(UnusedApi(), environment_names=frozenset({"envkit-1000-old"})) == []


def test_every_removal_is_reported_first() -> None:
    events: list[Progress] = []
    assert remove(UnusedApi(), set(), events.append)[0] == UNUSED
    assert [(progress.text, progress.step) for progress in events if progress.step] == [
        (f"removing {name}", (number, 3)) for number, name in enumerate(UNUSED, 1)
    ]
    assert {progress.stage for progress in events} == {"prune"}


BASE, APT, PIP = ("base", 1000), ("apt", 20), ("pip", 300)


def test_layers_of_remaining_images_are_not_reclaimable() -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({"envkit:old": [BASE, APT]}, 1020),
        ({"envkit:old": [BASE, APT], "envkit:mine": [BASE, PIP]}, 20),  # the base is shared
        ({"envkit:old": [BASE, APT], "model:1": [BASE]}, 20),  # also with images that envkit did not build
        ({"envkit:old": [BASE, APT], "envkit:older": [BASE, PIP]}, 1320),  # each layer counts once
        ({"envkit:old": [BASE, APT], "envkit:mine": [("another", 0), APT]}, 1020),  # same step on another base
    ]
    for layers, expected_bytes in cases:
        api = Api(*layers)
        api.layers = layers
        engine = Engine(ENDPOINT, api)  # type: ignore[arg-type]
        unused = prune_.find(engine, 1000, (), (), {"envkit:mine"})
        assert prune_.reclaimable_bytes(engine, unused) == expected_bytes, layers
        assert api.log == [], layers  # measuring the whole engine takes minutes


def test_bases_imported_in_the_same_second_differ() -> None:
    api = Api("envkit:old", "envkit:mine")
    api.layers = {"envkit:old": [("", 3000)], "envkit:mine": [("", 3000)]}
    api.lowest_layers = {"envkit:mine": "sha256:2"}
    engine = Engine(ENDPOINT, api)  # type: ignore[arg-type]
    assert prune_.reclaimable_bytes(engine, prune_.find(engine, 1000, (), (), {"envkit:mine"})) == 3000


def test_an_image_with_another_name_frees_nothing() -> None:
    api = Api("envkit:old")
    api.images = lambda **_: [  # type: ignore[method-assign]
        {"Id": "id of envkit:old", "RepoTags": ["envkit:old", "model:1"], "Labels": {naming.IMAGE: "d"}}
    ]
    api.layers = {"envkit:old": [BASE]}
    engine = Engine(ENDPOINT, api)  # type: ignore[arg-type]
    unused = prune_.find(engine, 1000, (), (), ())
    assert [str(resource) for resource in unused] == ["image envkit:old"]
    assert prune_.reclaimable_bytes(engine, unused) == 0


def test_the_output_lists_what_was_or_would_be_removed() -> None:
    removed = ("image envkit:old",)
    cases = [
        (prune.PruneResult(removed, 20_000_000), "removed image envkit:old\nfreed 20.0 MB"),
        (
            prune.PruneResult(removed, 20_000_000, dry_run=True),
            "would remove image envkit:old\nwould free up to 20.0 MB",
        ),
        (prune.PruneResult((), 0), "nothing to remove"),
        (prune.PruneResult((), 0, dry_run=True), "nothing to remove"),
    ]
    for result, output in cases:
        assert messages.prune(result) == output


def test_a_dry_run_removes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    api = UnusedApi()
    api.layers = {"envkit:old": [BASE]}
    monkeypatch.setattr(client, "connect", lambda address: Engine(address, api))  # type: ignore[arg-type]
    result = prune.prune(dry_run=True, on_progress=lambda _: None).result
    assert (result.removed, result.freed_bytes, result.dry_run) == (tuple(UNUSED), 1000, True)
    assert (api.log, api.refs, len(api.container_names), len(api.network_names)) == ([], ["envkit:old"], 1, 1)
