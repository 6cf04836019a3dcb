# ruff: noqa: ARG002 - the fakes have the signatures of the engine's API
"""Stale temporary containers are removed, also while another process removes them."""

from __future__ import annotations

import os
import time
from typing import Any

import docker.errors
import requests

from envkit import naming
from envkit.backends.docker import containers, prune, temporary
from envkit.backends.docker.client import Engine

ENDPOINT = "unix:///x"
GONE_PID = 2**22 + 1  # above the maximum of the kernel


class Api:
    """A fake engine with labeled containers; `__` in a name stands for a dot."""

    def __init__(self, **labels_by_name: dict[str, str]) -> None:
        self.labels_by_name = {name.replace("__", "."): labels for name, labels in labels_by_name.items()}
        self.state = "running"

    def containers(self, **filters: Any) -> list[dict[str, Any]]:
        return [
            {"Id": name, "Names": [f"/{name}"], "State": self.state, "Labels": labels}
            for name, labels in self.labels_by_name.items()
        ]

    def stop(self, container: str, timeout: int) -> None:
        """Do nothing."""

    def remove_container(self, container: str, **options: bool) -> None:
        del self.labels_by_name[container]


def lifetime_labels(*, pid: int = 0, namespace: str = "", remaining_s: float = 60) -> dict[str, str]:
    labels = temporary.lifetime_labels(remaining_s)
    pid_namespace = namespace or labels[naming.WAITING_PROCESS].partition("@")[2]
    return {**labels, naming.WAITING_PROCESS: f"{pid or os.getpid()}@{pid_namespace}"}


def test_only_stale_temporary_containers_are_removed() -> None:
    cases = [
        (lifetime_labels(), False),
        (lifetime_labels(pid=GONE_PID), True),
        (lifetime_labels(pid=GONE_PID, namespace="pid:[1]"), False),
        (lifetime_labels(remaining_s=-1), True),
        (lifetime_labels(namespace="pid:[1]", remaining_s=-1), True),
        ({}, False),
        ({naming.DEADLINE: "x"}, False),
    ]
    # These have stale labels, too, but their names are not those of temporary containers of user 1000.
    other_names = ("envkit-1000-vision", "envkit-1000-neighbour", "envkit-1001-neighbour__1__aa__0")
    own_names = ("envkit-1000-smoke__1__aa__0", "envkit-1000-neighbour__1__aa__0")
    for labels, is_stale in cases:
        expired_labels = lifetime_labels(remaining_s=-1)
        api = Api(**dict.fromkeys(own_names, labels), **dict.fromkeys(other_names, expired_labels))
        removed = temporary.remove_abandoned(Engine(ENDPOINT, api), 1000)  # type: ignore[arg-type]
        assert len(removed) == (len(own_names) if is_stale else 0), labels
        assert {name.replace("__", ".") for name in other_names} <= api.labels_by_name.keys(), labels


def test_prune_keeps_a_created_container_that_a_test_waits_for() -> None:
    api = Api(
        **{
            "envkit-1000-smoke__1__aa__0": lifetime_labels(),
            "envkit-1000-smoke__1__aa__1": lifetime_labels(pid=GONE_PID),
        }
    )
    api.state = "created"
    unused = prune._containers(Engine(ENDPOINT, api), 1000, set())  # type: ignore[arg-type]
    assert [str(resource) for resource in unused] == ["container envkit-1000-smoke.1.aa.1"]


def test_the_deadline_is_a_unix_time() -> None:
    before = int(time.time())
    deadline = int(temporary.lifetime_labels(60)[naming.DEADLINE])
    assert before + 60 <= deadline <= time.time() + 61


class RemovingApi:
    """A fake engine that is already removing a container for another process."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []

    def stop(self, name: str, *, timeout: int) -> None:
        self.requests.append(("stop", name))

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        self.requests.append(("remove", name))
        conflict = requests.Response()
        conflict.status_code = 409
        raise docker.errors.APIError("removal is already in progress", response=conflict)

    def wait(self, name: str, *, timeout: int, condition: str) -> None:
        self.requests.append((condition, name))


def test_a_removal_by_another_process_is_waited_for() -> None:
    api: Any = RemovingApi()
    containers.remove(Engine(ENDPOINT, api), "smoke.1", grace_s=0)
    assert api.requests == [("stop", "smoke.1"), ("remove", "smoke.1"), ("removed", "smoke.1")]
