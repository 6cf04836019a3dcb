"""Resources of an engine are inspected; missing ones are reported as missing."""

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


def test_missing_resources_are_none(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    name = plan().name
    assert inspect.container(engine, name) is None
    assert inspect.image(engine, f"{name}:missing") is None
    actual_state = inspect.actual_state(engine, name, (f"{name}-home",))
    assert replace(actual_state, subnets=()) == ActualState()


def test_created_resources_are_found(engine: Engine, shared: RunPlan, image: str) -> None:
    actual_state = inspect.actual_state(engine, shared.name, (f"{shared.name}-home",))
    assert actual_state.container is not None
    assert actual_state.network is not None
    assert (actual_state.container.status, actual_state.container.networks) == ("running", (shared.name,))
    assert (actual_state.network.subnet, actual_state.helper) == (shared.network.subnet, None)
    assert set(actual_state.volumes) == {f"{shared.name}-home"}
    for labels in (
        actual_state.container.labels,
        actual_state.network.labels,
        actual_state.volumes[f"{shared.name}-home"].labels,
    ):
        assert labels.items() >= LABELS.items()
    image_info = inspect.image(engine, image)
    assert image_info is not None
    assert image_info.id == actual_state.container.image_id


def test_subnets_are_those_of_other_environments(engine: Engine, shared: RunPlan) -> None:
    assert shared.network.subnet not in inspect.actual_state(engine, shared.name, ()).subnets
    assert shared.network.subnet in inspect.actual_state(engine, "another", ()).subnets


def test_binds_are_those_of_other_environments(engine: Engine, image: str, plan: Callable[..., RunPlan]) -> None:
    run = plan(mounts=(Mount("bind", "/srv", "/data", read_only=True),))
    containers.create_network(engine, run, LABELS)
    containers.create(engine, run, image, naming.labels(4242, run.name, "/project"))
    bind = BindInfo(run.name, "/srv", read_only=True)
    assert bind in inspect.other_binds(engine, 4242, "/another", run.name)
    assert bind not in inspect.other_binds(engine, 4242, "/project", run.name)
    assert bind in inspect.other_binds(engine, 4242, "/project", "new-project-at-the-path-of-a-moved-one")
