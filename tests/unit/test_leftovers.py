# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""`prune` takes what nobody uses: not the image of an environment that is down, and nothing while somebody works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.errors
import pytest
import requests

from envkit import files, names, state
from envkit.commands import prune
from envkit.engines import containers, leftovers
from envkit.engines.connect import PATIENCE_S, Engine
from envkit.errors import Refusal

if TYPE_CHECKING:
    from pathlib import Path

AT = "unix:///x"


class Api:
    """A stand-in for an engine with images, and neither containers nor networks."""

    def __init__(self, *refs: str) -> None:
        self.refs = list(refs)
        self.timeout = 60
        self.log: list[str] = []

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        return []

    def networks(self, **asked: Any) -> list[dict[str, Any]]:
        return []

    def images(self, **asked: Any) -> list[dict[str, Any]]:
        return [{"Id": f"id of {ref}", "RepoTags": [ref], "Labels": {names.IMAGE: "d"}} for ref in self.refs]

    def remove_image(self, ref: str, *, force: bool) -> None:
        self.log.append(f"remove {ref}")
        self.refs.remove(ref)

    def df(self) -> dict[str, int]:
        assert self.timeout == PATIENCE_S
        self.log.append("df")
        return {"LayersSize": 100 * len(self.refs)}


def remove(api: Api, kept: set[str]) -> tuple[list[str], int]:
    return leftovers.remove(Engine(AT, api), 1000, set(), set(), kept)  # type: ignore[arg-type]


def test_the_image_of_an_environment_that_is_down_stays() -> None:
    api = Api("envkit:old", "envkit:mine")
    assert remove(api, {"envkit:mine"}) == (["image envkit:old"], 100)
    assert api.refs == ["envkit:mine"]


def test_what_somebody_built_on_an_image_of_ours_stays_though_it_has_the_same_labels() -> None:
    api = Api("model:1", "envkit:old")
    assert remove(api, set())[0] == ["image envkit:old"]
    assert api.refs == ["model:1"]


@pytest.mark.parametrize(("labels", "goes"), [
    ({names.SUITE: "bookworm"}, True),  # a step of a build that failed, on a base of ours
    ({names.SUITE: "bookworm", names.IMAGE: "d"}, False),  # built on an image of ours
])
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
    busy = state.place(AT, "/home/ada/vision")  # an `up` that has not come to remember anything
    with files.locked(busy.lock, lambda: pytest.fail("nobody else holds it")):
        with pytest.raises(Refusal) as refusal, prune._at_rest(AT):
            pytest.fail("not at rest")
        assert str(busy.folder) in refusal.value.message
    with prune._at_rest(AT):
        assert busy.lock.exists()


class Removing:
    """An engine that is removing a container already, for somebody else."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def stop(self, name: str, *, timeout: int) -> None:
        self.asked.append(("stop", name))

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        self.asked.append(("remove", name))
        conflict = requests.Response()
        conflict.status_code = 409
        raise docker.errors.APIError("removal is already in progress", response=conflict)

    def wait(self, name: str, *, timeout: int, condition: str) -> None:
        self.asked.append((condition, name))


def test_a_container_that_somebody_else_removes_at_this_moment_is_waited_for() -> None:
    api: Any = Removing()
    containers.remove(Engine(AT, api), "smoke.1", grace_s=0)
    assert api.asked == [("stop", "smoke.1"), ("remove", "smoke.1"), ("removed", "smoke.1")]
