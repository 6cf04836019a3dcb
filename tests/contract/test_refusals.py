"""What an engine refuses is told as what it is, with nothing left behind."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit.backends.docker import containers, inspect
from envkit.backends.docker.sdk_errors import PortTaken, SubnetTaken
from envkit.errors import StartFailed
from envkit.model.network import Network, Port
from envkit.model.run import Limits
from tests.contract.conftest import LABELS, launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


@pytest.mark.parametrize("by", ["a program", "a container"])
def test_a_port_that_is_taken_is_told_as_that_and_the_container_is_gone(
    engine: Engine,
    standing: RunPlan,
    plan: Callable[..., RunPlan],
    image: str,
    by: str,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1] if by == "a program" else standing.ports[0].host
        second = plan(ports=(Port(port, 8888),))
        with pytest.raises(PortTaken):
            launch(engine, second, image)
    assert inspect.container(engine, second.name) is None


def test_a_name_that_is_taken_is_told_and_nothing_is_removed(engine: Engine, standing: RunPlan, image: str) -> None:
    with pytest.raises(StartFailed, match="already in use"):
        containers.create(engine, standing, image, LABELS)
    found = inspect.container(engine, standing.name)
    assert found is not None
    assert found.status == "running"


def test_a_subnet_that_is_taken_is_told_as_that(
    engine: Engine,
    standing: RunPlan,
    plan: Callable[..., RunPlan],
) -> None:
    other = plan()
    with pytest.raises(SubnetTaken) as caught:
        containers.create_network(engine, replace(other, network=Network(other.name, standing.network.subnet)), LABELS)
    assert "network.pool" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limits": Limits(4096, 128, 16, 64)}, "CPUs"),
        ({"limits": Limits(1, 1, 16, 64)}, "memory"),
        ({"security_opt": ("no-such-option",)}, "no-such-option"),
    ],
    ids=["more processors than there are", "less memory than a container needs", "an unknown protection"],
)
def test_a_setting_the_engine_refuses_is_told_and_nothing_stays(
    engine: Engine,
    plan: Callable[..., RunPlan],
    image: str,
    changes: dict[str, Any],
    why: str,
) -> None:
    run = plan(**changes)
    with pytest.raises(StartFailed, match=why):
        launch(engine, run, image)
    assert inspect.container(engine, run.name) is None


def test_an_image_that_is_not_there_is_told(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(StartFailed, match="No such image"):
        containers.create(engine, plan(), "envkit-contract:missing", LABELS)
