"""Errors of an engine have their own types, and nothing is left on the engine."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit.backends.docker import containers, inspect
from envkit.errors import PortTaken, StartFailed, SubnetTaken
from envkit.model.network import Network, Port
from envkit.model.run import Hardening, Limits
from tests.contract.conftest import LABELS, launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


@pytest.mark.parametrize("listener", ["program", "container"])
def test_a_taken_port_removes_the_container(
    engine: Engine,
    shared: RunPlan,
    plan: Callable[..., RunPlan],
    image: str,
    listener: str,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1] if listener == "program" else shared.ports[0].host
        second = plan(ports=(Port(port, 8888),))
        with pytest.raises(PortTaken) as error:
            launch(engine, second, image)
    assert error.value.code == "port-taken"
    assert inspect.container(engine, second.name) is None


def test_a_taken_name_removes_nothing(engine: Engine, shared: RunPlan, image: str) -> None:
    with pytest.raises(StartFailed, match="already in use"):
        containers.create(engine, shared, image, LABELS)
    container = inspect.container(engine, shared.name)
    assert container is not None
    assert container.status == "running"


def test_a_taken_subnet_is_reported(
    engine: Engine,
    shared: RunPlan,
    plan: Callable[..., RunPlan],
) -> None:
    other = plan()
    with pytest.raises(SubnetTaken) as error:
        containers.create_network(engine, replace(other, network=Network(other.name, shared.network.subnet)), LABELS)
    assert error.value.code == "subnet-taken"
    assert "network.pool" in error.value.hint


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"limits": Limits(4096, 128, 16, 64)}, "CPUs"),
        ({"limits": Limits(1, 1, 16, 64)}, "memory"),
        ({"hardening": Hardening(security_opt=("no-such-option",))}, "no-such-option"),
    ],
    ids=["too many CPUs", "too little memory", "unknown security option"],
)
def test_an_invalid_setting_leaves_no_container(
    engine: Engine,
    plan: Callable[..., RunPlan],
    image: str,
    changes: dict[str, Any],
    fragment: str,
) -> None:
    run = plan(**changes)
    with pytest.raises(StartFailed, match=fragment):
        launch(engine, run, image)
    assert inspect.container(engine, run.name) is None


def test_a_missing_image_is_reported(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(StartFailed, match="No such image"):
        containers.create(engine, plan(), "envkit-contract:missing", LABELS)
