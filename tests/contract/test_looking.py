"""What is on an engine is told as it is, and what is not there as not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import naming
from envkit.backends.docker import containers, inspect
from envkit.model.engine_state import ActualState, BindInfo
from envkit.model.run import Mount
from tests.contract.conftest import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


def test_what_is_not_there_is_told_as_not_there(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    name = plan().name
    assert inspect.container(engine, name) is None
    assert inspect.image(engine, f"{name}:missing") is None
    found = inspect.actual_state(engine, name, (f"{name}-home",))
    assert replace(found, subnets=()) == ActualState()


def test_what_was_made_is_found_again(engine: Engine, standing: RunPlan, image: str) -> None:
    found = inspect.actual_state(engine, standing.name, (f"{standing.name}-home",))
    assert found.container is not None
    assert found.network is not None
    assert (found.container.status, found.container.networks) == ("running", (standing.name,))
    assert (found.network.subnet, found.helper) == (standing.network.subnet, None)
    assert set(found.volumes) == {f"{standing.name}-home"}
    for labels in (found.container.labels, found.network.labels, found.volumes[f"{standing.name}-home"].labels):
        assert labels.items() >= LABELS.items()
    known = inspect.image(engine, image)
    assert known is not None
    assert known.id == found.container.image_id


def test_other_subnets_are_told_and_ones_own_is_not(engine: Engine, standing: RunPlan) -> None:
    assert standing.network.subnet not in inspect.actual_state(engine, standing.name, ()).subnets
    assert standing.network.subnet in inspect.actual_state(engine, "another", ()).subnets


def test_what_other_environments_show_of_the_host_is_told_and_ones_own_is_not(
    engine: Engine, image: str, plan: Callable[..., RunPlan]
) -> None:
    run = plan(mounts=(Mount("bind", "/srv", "/data", read_only=True),))
    containers.create_network(engine, run, LABELS)
    containers.create(engine, run, image, naming.labels(4242, run.name, "/project"))
    shown = BindInfo(run.name, "/srv", read_only=True)
    assert shown in inspect.other_binds(engine, 4242, "/another")
    assert shown not in inspect.other_binds(engine, 4242, "/project")
