"""Steps of `reconcile`: from every actual state to the desired one, and then none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import naming, reconcile
from envkit.errors import PreconditionError
from envkit.model import step
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo, NetworkInfo, VolumeInfo
from envkit.model.network import Network, Port
from envkit.model.plan import Digests
from envkit.model.run import Mount
from envkit.model.state import State
from tests.support.engine_states import HOME_VOLUME, LABELS, NAME, OWNER, TITLE, World, container, desired_state
from tests.support.plan_samples import PROJECT

if TYPE_CHECKING:
    from envkit.reconcile import DesiredState

SUBNET = desired_state().plan.run.network.subnet
SUBNETS = (SUBNET, "", "10.9.0.0/29")  # the planned one, an unreadable one, another
NO_NETWORK_DIGESTS = Digests("image", "another run", "files")
STATUSES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def kinds(steps: step.Steps) -> list[str]:
    return [type(action).__name__ for action in steps]


def converged() -> tuple[DesiredState, World]:
    desired, world = desired_state(), World()
    converge(desired, world)
    return desired, world


def converge(desired: DesiredState, world: World) -> None:
    for _ in range(4):
        steps = reconcile.up(desired, world.actual, world.state, files_current=world.files_current)
        if not steps:
            return
        for action in steps:
            world.run(action, desired)
    raise AssertionError(f"it does not converge: {steps}")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DesiredState, World]:
    """Draw any mixture of states: older digests, missing resources, recreated volumes."""
    desired = draw(
        st.sampled_from([desired_state(), desired_state(NO_NETWORK_DIGESTS, network=Network("none", "", "none"))])
    )
    older = desired_state(Digests("older image", "run", "files"))
    created_from = draw(st.sampled_from([None, desired, older]))
    actual = ActualState(
        container=container(created_from, draw(st.sampled_from(STATUSES))) if created_from else None,
        image=draw(st.sampled_from([None, ImageInfo("i1", {})])),
        base=draw(st.sampled_from([None, ImageInfo("b1", {})])),
        network=draw(st.sampled_from([None, *(NetworkInfo("n1", LABELS, subnet) for subnet in SUBNETS)])),
        volumes=draw(st.sampled_from([{}, {HOME_VOLUME: VolumeInfo(LABELS, "t7")}])),
    )
    prepared = draw(st.sampled_from([{}, {HOME_VOLUME: "t7"}, {HOME_VOLUME: "t1"}]))
    if actual.volumes and prepared != {HOME_VOLUME: "t7"}:  # envkit was killed while it prepared them
        helper = draw(st.sampled_from([None, replace(container(desired, "created"), id="h1")]))
        actual = replace(actual, helper=helper)
    return desired, World(actual, State(NAME, PROJECT, prepared=prepared), draw(st.booleans()), clock=10)


@pytest.mark.proves("from every possible state the steps lead to the desired state", "fake")
@given(worlds())
def test_up_converges_from_every_state(case: tuple[DesiredState, World]) -> None:
    desired, world = case
    converge(desired, world)
    assert world.actual.container is not None
    assert world.actual.container.status in {"running", "restarting"}
    assert naming.container_labels(desired.plan, desired.digests).items() <= world.actual.container.labels.items()
    is_bridge = desired.plan.run.network.mode == "bridge"
    assert (world.actual.network.subnet if world.actual.network else None) == (SUBNET if is_bridge else None)


@given(worlds(), st.integers(0, 12))
def test_up_converges_after_an_interruption(case: tuple[DesiredState, World], completed: int) -> None:
    desired, world = case
    steps = reconcile.up(desired, world.actual, world.state, files_current=world.files_current)
    for action in steps[:completed]:
        world.run(action, desired)
    converge(desired, world)


@given(worlds(), st.booleans())
def test_down_removes_everything_from_every_state(case: tuple[DesiredState, World], volumes: bool) -> None:
    desired, world = case
    for action in reconcile.down(NAME, OWNER, PROJECT, world.actual, volumes=volumes):
        world.run(action, desired)
    assert world.actual.container is None
    assert world.actual.helper is None
    assert world.actual.network is None
    assert not (volumes and world.actual.volumes)


def test_an_up_to_date_environment_needs_no_step() -> None:
    desired, world = converged()
    assert reconcile.up(desired, world.actual, world.state, files_current=True) == ()


def test_without_a_base_the_only_step_is_to_build_it() -> None:
    # The image's digest depends on the base's id, so nothing else can be planned before.
    assert kinds(reconcile.up(desired_state(), ActualState(), None, files_current=False)) == ["MakeBase"]


def test_with_a_base_all_steps_follow_in_order() -> None:
    actual = ActualState(base=ImageInfo("b1", {}))
    assert kinds(reconcile.up(desired_state(), actual, None, files_current=False)) == [
        "BuildImage",
        "CreateNetwork",
        "CreateVolume",
        "PrepareVolumes",
        "ReplaceFiles",
        "CreateContainer",
        "StartContainer",
    ]


def test_steps_for_each_container_status() -> None:
    recreate = ["RemoveContainer", "CreateContainer", "StartContainer"]
    expected = {
        "running": [],
        "restarting": [],
        "paused": ["UnpauseContainer"],
        "exited": ["StartContainer"],
        "created": ["StartContainer"],
        "dead": recreate,
        "removing": recreate,
    }
    desired, world = converged()
    for status, steps in expected.items():
        actual = replace(world.actual, container=container(desired, status))
        assert kinds(reconcile.up(desired, actual, world.state, files_current=True)) == steps, status


def test_rebuild_builds_an_existing_image_without_cache() -> None:
    desired = desired_state()
    actual = ActualState(container=container(desired))
    for recreate, expected in [(True, ["BuildImage", "RemoveContainer"]), (False, ["BuildImage"])]:
        steps = reconcile.rebuild(desired, actual, (), recreate=recreate)
        assert kinds(steps) == expected, recreate
        assert steps[0] == step.BuildImage(desired.ref, no_cache=True), recreate


def test_rebuild_keeps_the_other_planned_steps() -> None:
    desired = desired_state()
    steps = (step.BuildImage(desired.ref), step.RemoveContainer("c"))
    assert reconcile.rebuild(desired, ActualState(), steps, recreate=True) == (
        step.BuildImage(desired.ref, no_cache=True),
        steps[1],
    )


def test_a_new_image_is_built_before_the_old_container_goes() -> None:
    _, world = converged()
    newer = desired_state(Digests("new image", "run", "files"))
    actual = replace(world.actual, image=None)
    assert kinds(reconcile.up(newer, actual, world.state, files_current=True)) == [
        "BuildImage",
        "RemoveContainer",
        "CreateContainer",
        "StartContainer",
    ]


def test_changed_files_are_replaced_without_a_restart() -> None:
    desired, world = converged()
    assert kinds(reconcile.up(desired, world.actual, world.state, files_current=False)) == ["ReplaceFiles"]


def test_a_container_without_its_token_is_recreated() -> None:
    # It runs with an unknown token, on a deleted folder.
    desired, world = converged()
    steps = reconcile.up(desired, world.actual, world.state, files_current=False, token_exists=False)
    assert kinds(steps) == ["RemoveContainer", "ReplaceFiles", "CreateContainer", "StartContainer"]


def test_another_port_recreates_the_container() -> None:
    _, world = converged()
    moved = desired_state(ports=(Port(9999, 8888),))
    assert "RemoveContainer" in kinds(reconcile.up(moved, world.actual, world.state, files_current=True))


def test_another_subnet_replaces_container_and_network() -> None:
    desired, world = converged()
    actual = replace(world.actual, network=NetworkInfo("n1", LABELS, "10.9.0.0/29"))
    assert kinds(reconcile.up(desired, actual, world.state, files_current=True)) == [
        "RemoveContainer",
        "RemoveNetwork",
        "CreateNetwork",
        "CreateContainer",
        "StartContainer",
    ]


def test_a_recreated_volume_is_prepared_again() -> None:
    desired, world = converged()
    actual = replace(world.actual, volumes={HOME_VOLUME: VolumeInfo(LABELS, "another time")})
    assert kinds(reconcile.up(desired, actual, world.state, files_current=True)) == ["PrepareVolumes"]


def test_a_deleted_image_is_not_rebuilt_for_a_running_container() -> None:
    desired, world = converged()
    actual = replace(world.actual, image=None, base=None)
    assert reconcile.up(desired, actual, world.state, files_current=True) == ()


@pytest.mark.proves("resources of other users are refused", "fake")
def test_resources_of_other_users_and_projects_are_refused() -> None:
    desired, world = converged()
    assert world.actual.container is not None
    for labels in ({}, {**LABELS, naming.OWNER: "1001"}, {**LABELS, naming.PROJECT: "other"}):
        actual_states = {
            "container": replace(world.actual, container=replace(world.actual.container, labels=labels)),
            "network": replace(world.actual, network=NetworkInfo("n", labels, "10.0.0.0/29")),
            "volume": replace(world.actual, volumes={HOME_VOLUME: VolumeInfo(labels, "t")}),
        }
        for resource, actual in actual_states.items():
            with pytest.raises(PreconditionError, match=f"the {resource} ") as error:
                reconcile.up(desired, actual, world.state, files_current=True)
            assert error.value.code == "resource-not-owned", (resource, labels)


def test_a_volume_of_a_longer_environment_name_is_ignored() -> None:
    # Another project with the same folder name is called vision-1a2b; its volume starts with the same prefix.
    desired, world = converged()
    other_volume = VolumeInfo(naming.labels(OWNER, "vision-1a2b", "/home/ada/other/vision"), "t9")
    actual = replace(world.actual, volumes={**world.actual.volumes, f"{TITLE}-1a2b-home": other_volume})
    assert reconcile.up(desired, actual, world.state, files_current=True) == ()
    assert step.RemoveVolume(f"{TITLE}-1a2b-home") not in reconcile.down(NAME, OWNER, PROJECT, actual, volumes=True)


def test_down_refuses_a_container_of_another_user() -> None:
    _, world = converged()
    assert world.actual.container is not None
    actual = replace(world.actual, container=replace(world.actual.container, labels={}))
    with pytest.raises(PreconditionError) as error:
        reconcile.down(NAME, OWNER, PROJECT, actual, volumes=True)
    assert error.value.code == "resource-not-owned"


def test_down_keeps_a_foreign_container_with_the_helper_name() -> None:
    actual = ActualState(helper=ContainerInfo("h1", "created", {}, "i1"))
    assert reconcile.down(NAME, OWNER, PROJECT, actual, volumes=True) == ()


@pytest.mark.proves("`envkit down` keeps resources that envkit did not create", "fake")
def test_down_keeps_a_foreign_network_of_the_same_name() -> None:
    actual = ActualState(network=NetworkInfo("n", {}, "10.0.0.0/29"))
    assert reconcile.down(NAME, OWNER, PROJECT, actual, volumes=False) == ()


@pytest.mark.proves("`envkit down` keeps volumes by default", "fake")
def test_down_removes_volumes_only_on_request() -> None:
    _, world = converged()
    assert kinds(reconcile.down(NAME, OWNER, PROJECT, world.actual, volumes=False)) == [
        "RemoveContainer",
        "RemoveNetwork",
    ]
    assert step.RemoveVolume(HOME_VOLUME) in reconcile.down(NAME, OWNER, PROJECT, world.actual, volumes=True)


def test_the_mount_point_of_a_bind_mount_is_not_created() -> None:
    # The engine creates it as a file or a folder; a file cannot be mounted over a folder.
    gitconfig = Mount("bind", "/home/ada/.config/git/config", "/home/dev/.config/git/config", read_only=True)
    assert reconcile.required_folders(desired_state(mounts=(*desired_state().plan.run.mounts, gitconfig)).plan) == {
        HOME_VOLUME: (".config", ".config/git"),
    }


def test_parent_folders_of_nested_mounts_are_created() -> None:
    cache = Mount("volume", f"{TITLE}-hf", "/home/dev/.cache/huggingface")
    nested = desired_state(mounts=(*desired_state().plan.run.mounts, cache, Mount("bind", "/d", "/d")))
    assert reconcile.required_folders(nested.plan) == {HOME_VOLUME: (".cache", ".cache/huggingface")}
    inner = Mount("volume", f"{TITLE}-inner", "/home/dev/.cache/huggingface/a/b")
    deeper = desired_state(mounts=(*nested.plan.run.mounts, inner))
    assert reconcile.required_folders(deeper.plan)[f"{TITLE}-hf"] == ("a", "a/b")
    _, world = converged()
    steps = reconcile.up(nested, world.actual, world.state, files_current=True)
    (prepare,) = [action for action in steps if isinstance(action, step.PrepareVolumes)]
    assert set(prepare.names) == {HOME_VOLUME, f"{TITLE}-hf"}
    converge(nested, world)
