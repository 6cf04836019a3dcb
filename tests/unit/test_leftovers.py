# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""What a killed command left, and what somebody else is removing at the same moment."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest
import requests

from envkit import naming
from envkit.backends.docker import containers, prune, temporary
from envkit.backends.docker.client import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

AT = "unix:///x"


class Held:
    """A stand-in for an engine with containers."""

    def __init__(self, **containers: dict[str, str]) -> None:
        self.held = {name.replace("__", "."): labels for name, labels in containers.items()}
        self.state = "running"

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        return [
            {"Id": name, "Names": [f"/{name}"], "State": self.state, "Labels": labels}
            for name, labels in self.held.items()
        ]

    def stop(self, container: str, timeout: int) -> None:
        """Do nothing."""

    def remove_container(self, container: str, **how: bool) -> None:
        del self.held[container]


def labels(*, pid: int = 0, namespace: str = "", left_s: float = 60) -> dict[str, str]:
    given = temporary.lifetime_labels(left_s)
    at = namespace or given[naming.WAITING_PROCESS].partition("@")[2]
    return {**given, naming.WAITING_PROCESS: f"{pid or os.getpid()}@{at}"}


GONE = 2**22 + 1  # no process has such a number


@pytest.mark.parametrize(
    ("make_labels", "removed_expected"),
    [
        (labels, False),
        (partial(labels, pid=GONE), True),
        (partial(labels, pid=GONE, namespace="pid:[1]"), False),
        (partial(labels, left_s=-1), True),
        (partial(labels, namespace="pid:[1]", left_s=-1), True),
        (dict, False),
        (partial(dict, {naming.DEADLINE: "x"}), False),
    ],
)
def test_sweep_removes_abandoned_containers_and_keeps_those_in_use(
    make_labels: Callable[[], dict[str, str]], removed_expected: bool
) -> None:
    of = make_labels()  # not at collection: a label expires
    others = ("envkit-1000-vision", "envkit-1000-neighbour", "envkit-1001-neighbour__1__aa__0")
    ours = ("envkit-1000-smoke__1__aa__0", "envkit-1000-neighbour__1__aa__0")
    api = Held(**dict.fromkeys(ours, of), **{name: labels(left_s=-1) for name in others})
    removed = temporary.remove_abandoned(Engine("unix:///x", api), 1000)  # type: ignore[arg-type]
    assert len(removed) == (len(ours) if removed_expected else 0)
    assert {name.replace("__", ".") for name in others} <= api.held.keys()  # whatever labels its image gave it


def test_prune_leaves_a_test_alone_that_has_made_its_container_and_not_started_it() -> None:
    api = Held(**{"envkit-1000-smoke__1__aa__0": labels(), "envkit-1000-smoke__1__aa__1": labels(pid=GONE)})
    api.state = "created"
    found = prune._containers(Engine("unix:///x", api), 1000, set())  # type: ignore[arg-type]
    assert [str(one) for one in found] == ["container envkit-1000-smoke.1.aa.1"]


def test_the_time_is_one_that_others_can_compare() -> None:
    before = int(time.time())
    until = int(temporary.lifetime_labels(60)[naming.DEADLINE])
    assert before + 60 <= until <= time.time() + 61


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
