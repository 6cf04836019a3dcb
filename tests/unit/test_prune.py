# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""`prune` takes what nobody uses: not the image of an environment that is down, and nothing while somebody works."""

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
from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.report import Progress

AT = "unix:///x"


class Api:
    """A stand-in for an engine with images, and neither containers nor networks."""

    def __init__(self, *refs: str) -> None:
        self.refs = list(refs)
        self.timeout = 60
        self.log: list[str] = []
        self.layers: dict[str, list[tuple[str, int]]] = {}
        self.lowest: dict[str, str] = {}

    def inspect_image(self, image: str) -> dict[str, Any]:
        return {"RootFS": {"Layers": [self.lowest.get(image.removeprefix("id of "), "sha256:0"), "sha256:1"]}}

    def history(self, image: str) -> list[dict[str, Any]]:
        layers = self.layers.get(image.removeprefix("id of "), [])
        return [{"Created": 1, "CreatedBy": by, "Size": size} for by, size in reversed(layers)]

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        return []

    def networks(self, **asked: Any) -> list[dict[str, Any]]:
        return []

    def images(self, **asked: Any) -> list[dict[str, Any]]:
        return [{"Id": f"id of {ref}", "RepoTags": [ref], "Labels": {naming.IMAGE: "d"}} for ref in self.refs]

    def remove_image(self, ref: str, *, force: bool) -> None:
        self.log.append(f"remove {ref}")
        self.refs.remove(ref)

    def df(self) -> dict[str, int]:
        assert self.timeout == LONG_TIMEOUT_S
        self.log.append("df")
        return {"LayersSize": 100 * len(self.refs)}


def found(api: Any, *, remembered: frozenset[str] = frozenset(), kept: frozenset[str] = frozenset()) -> list[str]:
    return [str(one) for one in prune_.find(Engine(AT, api), 1000, remembered, (), kept)]


def remove(api: Api, kept: set[str], say: Callable[[Progress], None] = lambda _: None) -> tuple[list[str], int]:
    engine = Engine(AT, api)  # type: ignore[arg-type]
    return prune_.remove(engine, prune_.find(engine, 1000, set(), set(), kept), say)


def test_the_image_of_an_environment_that_is_down_stays() -> None:
    api = Api("envkit:old", "envkit:mine")
    assert remove(api, {"envkit:mine"}) == (["image envkit:old"], 100)
    assert api.refs == ["envkit:mine"]


def test_what_somebody_built_on_an_image_of_ours_stays_though_it_has_the_same_labels() -> None:
    api = Api("model:1", "envkit:old")
    assert remove(api, set())[0] == ["image envkit:old"]
    assert api.refs == ["model:1"]


@pytest.mark.parametrize(
    ("labels", "goes"),
    [
        ({naming.SUITE: "bookworm"}, True),  # a step of a build that failed, on a base of ours
        ({naming.SUITE: "bookworm", naming.IMAGE: "d"}, False),  # built on an image of ours
    ],
)
def test_of_the_images_without_a_name_those_of_failed_builds_go(labels: dict[str, str], goes: bool) -> None:
    api = Api()
    api.refs = ["<none>:<none>"]
    api.images = lambda **_: [{"Id": "sha256:0123", "RepoTags": ["<none>:<none>"], "Labels": labels}]  # type: ignore[method-assign]
    api.remove_image = lambda ref, **_: api.log.append(f"remove {ref}")  # type: ignore[method-assign]
    assert remove(api, set())[0] == (["image sha256:0123"] if goes else [])


def test_the_disk_is_measured_with_patience_and_before_anything_goes() -> None:
    api = Api("envkit:old")
    remove(api, set())
    assert api.log == ["df", "remove envkit:old", "df"]


def test_nothing_goes_while_another_envkit_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    busy = state.directory(AT, "/home/ada/vision")  # an `up` that has not come to remember anything
    with files.lock(busy.lock, lambda: pytest.fail("nobody else holds it")):
        with pytest.raises(PreconditionError) as refusal, prune._lock_all(AT):
            pytest.fail("not at rest")
        assert str(busy.folder) in refusal.value.message
    with prune._lock_all(AT):
        assert busy.lock.exists()


class Crowd(Api):
    """A stand-in for an engine on which a container, its network and its image wait to be removed."""

    def __init__(self) -> None:
        super().__init__("envkit:old")
        self.held = {"id": "envkit-1000-old"}
        self.nets = {"net": "envkit-1000-old"}

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        shown = {"State": "exited", "ImageID": "id of envkit:old", "Labels": {}}
        return [{"Id": one, "Names": [f"/{name}"], **shown} for one, name in self.held.items()]

    def networks(self, **asked: Any) -> list[dict[str, Any]]:
        return [{"Id": one, "Name": name} for one, name in self.nets.items()]

    def inspect_network(self, one: str) -> dict[str, Any]:
        return {"Containers": {}}

    def stop(self, one: str, *, timeout: int) -> None:
        pass

    def remove_container(self, one: str, *, force: bool, v: bool) -> None:
        self.log.append(f"remove {self.held.pop(one)}")

    def remove_network(self, name: str) -> None:
        self.nets.clear()
        self.log.append(f"remove network {name}")


EVERYTHING = ["container envkit-1000-old", "network envkit-1000-old", "image envkit:old"]


def test_what_only_a_container_that_goes_uses_goes_with_it() -> None:
    api = Crowd()
    assert found(api) == EVERYTHING
    assert api.log == []  # looking changes nothing


def test_what_a_remembered_container_uses_stays() -> None:
    assert found(Crowd(), remembered=frozenset({"envkit-1000-old"})) == []


def test_each_thing_that_goes_is_told_before_it_does() -> None:
    api = Crowd()
    news: list[Progress] = []
    assert remove(api, set(), news.append)[0] == EVERYTHING
    assert [(one.text, one.step) for one in news if one.step] == [
        (f"removing {name}", (at, 3)) for at, name in enumerate(EVERYTHING, 1)
    ]
    assert {one.stage for one in news} == {"prune"}


BASE = ("base", 1000)


@pytest.mark.parametrize(
    ("layers", "freed"),
    [
        ({"envkit:old": [BASE, ("apt", 20)]}, 1020),
        ({"envkit:old": [BASE, ("apt", 20)], "envkit:mine": [BASE, ("pip", 300)]}, 20),  # the base serves another
        ({"envkit:old": [BASE, ("apt", 20)], "model:1": [BASE]}, 20),  # whoever else's image that is
        ({"envkit:old": [BASE, ("apt", 20)], "envkit:older": [BASE, ("pip", 300)]}, 1320),  # each layer counts once
        (
            {"envkit:old": [BASE, ("apt", 20)], "envkit:mine": [("another", 0), ("apt", 20)]},
            1020,
        ),  # same step, other base
    ],
)
def test_what_would_be_freed_is_what_no_other_image_stands_on(layers: dict[str, Any], freed: int) -> None:
    api = Api(*layers)
    api.layers = layers
    engine = Engine(AT, api)  # type: ignore[arg-type]
    goes = prune_.find(engine, 1000, (), (), {"envkit:mine"})
    assert prune_.reclaimable_bytes(engine, goes) == freed
    assert api.log == []  # measuring the whole engine takes minutes


def test_what_was_imported_in_the_same_second_is_not_the_same() -> None:
    api = Api("envkit:old", "envkit:mine")
    api.layers = {"envkit:old": [("", 3000)], "envkit:mine": [("", 3000)]}
    api.lowest = {"envkit:mine": "sha256:2"}
    engine = Engine(AT, api)  # type: ignore[arg-type]
    assert prune_.reclaimable_bytes(engine, prune_.find(engine, 1000, (), (), {"envkit:mine"})) == 3000


def test_an_image_that_has_another_name_frees_nothing() -> None:
    api = Api("envkit:old")
    api.images = lambda **_: [  # type: ignore[method-assign]
        {"Id": "id of envkit:old", "RepoTags": ["envkit:old", "model:1"], "Labels": {naming.IMAGE: "d"}}
    ]
    api.layers = {"envkit:old": [BASE]}
    engine = Engine(AT, api)  # type: ignore[arg-type]
    goes = prune_.find(engine, 1000, (), (), ())
    assert ([str(one) for one in goes], prune_.reclaimable_bytes(engine, goes)) == (["image envkit:old"], 0)


@pytest.mark.parametrize(
    ("pruned", "shown"),
    [
        (prune.PruneResult(("image envkit:old",), 20_000_000), "removed image envkit:old\nfreed 20.0 MB"),
        (
            prune.PruneResult(("image envkit:old",), 20_000_000, dry_run=True),
            "would remove image envkit:old\nwould free up to 20.0 MB",
        ),
        (prune.PruneResult((), 0), "there is nothing to remove"),
        (prune.PruneResult((), 0, dry_run=True), "there is nothing to remove"),
    ],
)
def test_people_read_what_went_or_would_go(pruned: prune.PruneResult, shown: str) -> None:
    assert messages.prune(pruned) == shown


def test_a_dry_run_removes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    api = Crowd()
    api.layers = {"envkit:old": [BASE]}
    monkeypatch.setattr(client, "connect", lambda at: Engine(at, api))  # type: ignore[arg-type]
    result = prune.prune(dry_run=True, on_progress=lambda _: None).result
    assert (result.removed, result.freed_bytes, result.dry_run) == (tuple(EVERYTHING), 1000, True)
    assert (api.log, api.refs, len(api.held), len(api.nets)) == ([], ["envkit:old"], 1, 1)
