"""From every state that can be found, the steps lead to what is wanted, and then there are none."""

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
from tests.unit.worlds import HOME_VOLUME, LABELS, NAME, OWNER, PROJECT, TITLE, World, container, wanted

if TYPE_CHECKING:
    from envkit.reconcile import DesiredState

SUBNET = wanted().plan.run.network.subnet
SUBNETS = (SUBNET, "", "10.9.0.0/29")  # a network's own, none that could be read, another
ALONE = Digests("image", "another run", "files")  # of a container without a network
STATUSES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def kinds(steps: step.Steps) -> list[str]:
    return [type(one).__name__ for one in steps]


def settled() -> tuple[DesiredState, World]:
    want, world = wanted(), World()
    climb(want, world)
    return want, world


def climb(want: DesiredState, world: World) -> None:
    for _ in range(4):
        steps = reconcile.up(want, world.found, world.state, files_current=world.files_current)
        if not steps:
            return
        for one in steps:
            world.do(one, want)
    raise AssertionError(f"it does not settle: {steps}")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DesiredState, World]:
    """Any mixture of what may be there: older digests, missing pieces, volumes made anew."""
    want = draw(st.sampled_from([wanted(), wanted(ALONE, network=Network("none", "", "none"))]))
    old = wanted(Digests("older image", "run", "files"))
    made = draw(st.sampled_from([None, want, old]))
    found = ActualState(
        container=container(made, draw(st.sampled_from(STATUSES))) if made else None,
        image=draw(st.sampled_from([None, ImageInfo("i1", {})])),
        base=draw(st.sampled_from([None, ImageInfo("b1", {})])),
        network=draw(st.sampled_from([None, *(NetworkInfo("n1", LABELS, one) for one in SUBNETS)])),
        volumes=draw(st.sampled_from([{}, {HOME_VOLUME: VolumeInfo(LABELS, "t7")}])),
    )
    prepared = draw(st.sampled_from([{}, {HOME_VOLUME: "t7"}, {HOME_VOLUME: "t1"}]))
    if found.volumes and prepared != {HOME_VOLUME: "t7"}:  # an envkit was killed while it prepared them
        helper = draw(st.sampled_from([None, replace(container(want, "created"), id="h1")]))
        found = replace(found, helper=helper)
    return want, World(found, State(NAME, PROJECT, prepared=prepared), draw(st.booleans()), clock=10)


@pytest.mark.proves("from every state that can be found the steps lead to what is wanted", "fake")
@given(worlds())
def test_every_state_leads_to_nothing_to_do(case: tuple[DesiredState, World]) -> None:
    want, world = case
    climb(want, world)
    assert world.found.container is not None
    assert world.found.container.status in {"running", "restarting"}
    assert naming.container_labels(want.plan, want.digests).items() <= world.found.container.labels.items()
    bridge = want.plan.run.network.mode == "bridge"
    assert (world.found.network.subnet if world.found.network else None) == (SUBNET if bridge else None)


@given(worlds(), st.integers(0, 12))
def test_being_cut_off_anywhere_leaves_what_the_next_one_brings_to_order(
    case: tuple[DesiredState, World], survived: int
) -> None:
    want, world = case
    steps = reconcile.up(want, world.found, world.state, files_current=world.files_current)
    for one in steps[:survived]:
        world.do(one, want)
    climb(want, world)


@given(worlds(), st.booleans())
def test_down_from_every_state_leaves_no_container_and_no_network(
    case: tuple[DesiredState, World], volumes: bool
) -> None:
    want, world = case
    for one in reconcile.down(NAME, OWNER, PROJECT, world.found, volumes=volumes):
        world.do(one, want)
    assert world.found.container is None
    assert world.found.helper is None
    assert world.found.network is None
    assert not (volumes and world.found.volumes)


def test_a_running_environment_that_is_what_is_wanted_needs_no_step() -> None:
    want, world = settled()
    assert reconcile.up(want, world.found, world.state, files_current=True) == ()


def test_from_nothing_the_base_comes_first_and_alone() -> None:
    # The base's id goes into the image's digest, so nothing else can be decided before it is there.
    assert kinds(reconcile.up(wanted(), ActualState(), None, files_current=False)) == ["MakeBase"]


def test_from_a_base_everything_follows_in_order() -> None:
    found = ActualState(base=ImageInfo("b1", {}))
    assert kinds(reconcile.up(wanted(), found, None, files_current=False)) == [
        "BuildImage",
        "CreateNetwork",
        "CreateVolume",
        "PrepareVolumes",
        "ReplaceFiles",
        "CreateContainer",
        "StartContainer",
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("running", []),
        ("restarting", []),
        ("paused", ["UnpauseContainer"]),
        ("exited", ["StartContainer"]),
        ("created", ["StartContainer"]),
        ("dead", ["RemoveContainer", "CreateContainer", "StartContainer"]),
        ("removing", ["RemoveContainer", "CreateContainer", "StartContainer"]),
    ],
)
def test_each_state_of_the_container_has_its_steps(status: str, expected: list[str]) -> None:
    want, world = settled()
    found = replace(world.found, container=container(want, status))
    assert kinds(reconcile.up(want, found, world.state, files_current=True)) == expected


@pytest.mark.parametrize(("to_run", "expected"), [(True, ["BuildImage", "RemoveContainer"]), (False, ["BuildImage"])])
def test_an_image_that_is_there_is_built_anew_where_that_is_asked_for(*, to_run: bool, expected: list[str]) -> None:
    want = wanted()
    steps = reconcile.rebuild(want, ActualState(container=container(want)), (), recreate=to_run)
    assert [type(one).__name__ for one in steps] == expected
    assert steps[0] == step.BuildImage(want.ref, no_cache=True)


def test_what_is_built_anyway_is_built_anew_and_the_rest_stays() -> None:
    want = wanted()
    steps = (step.BuildImage(want.ref), step.RemoveContainer("c"))
    assert reconcile.rebuild(want, ActualState(), steps, recreate=True) == (
        step.BuildImage(want.ref, no_cache=True),
        steps[1],
    )


def test_a_new_image_is_built_before_the_old_container_goes() -> None:
    _, world = settled()
    new = wanted(Digests("new image", "run", "files"))
    found = replace(world.found, image=None)
    assert kinds(reconcile.up(new, found, world.state, files_current=True)) == [
        "BuildImage",
        "RemoveContainer",
        "CreateContainer",
        "StartContainer",
    ]


def test_changed_files_are_replaced_and_the_container_goes_on() -> None:
    want, world = settled()
    assert kinds(reconcile.up(want, world.found, world.state, files_current=False)) == ["ReplaceFiles"]


def test_a_container_whose_token_is_lost_is_made_anew() -> None:
    # It runs with a token nobody knows, on a folder that is gone.
    want, world = settled()
    steps = reconcile.up(want, world.found, world.state, files_current=False, token_exists=False)
    assert kinds(steps) == ["RemoveContainer", "ReplaceFiles", "CreateContainer", "StartContainer"]


def test_another_port_recreates_the_container() -> None:
    _, world = settled()
    moved = wanted(ports=(Port(9999, 8888),))
    assert "RemoveContainer" in kinds(reconcile.up(moved, world.found, world.state, files_current=True))


def test_another_subnet_replaces_the_network_once_its_container_is_gone() -> None:
    want, world = settled()
    found = replace(world.found, network=NetworkInfo("n1", LABELS, "10.9.0.0/29"))
    assert kinds(reconcile.up(want, found, world.state, files_current=True)) == [
        "RemoveContainer",
        "RemoveNetwork",
        "CreateNetwork",
        "CreateContainer",
        "StartContainer",
    ]


def test_a_volume_made_anew_under_the_old_name_is_prepared_again() -> None:
    want, world = settled()
    found = replace(world.found, volumes={HOME_VOLUME: VolumeInfo(LABELS, "another time")})
    assert kinds(reconcile.up(want, found, world.state, files_current=True)) == ["PrepareVolumes"]


def test_an_image_that_vanished_is_not_built_again_while_its_container_runs() -> None:
    want, world = settled()
    found = replace(world.found, image=None, base=None)
    assert reconcile.up(want, found, world.state, files_current=True) == ()


@pytest.mark.proves("what belongs to somebody else is refused", "fake")
@pytest.mark.parametrize("labels", [{}, {**LABELS, naming.OWNER: "1001"}, {**LABELS, naming.PROJECT: "other"}])
@pytest.mark.parametrize("what", ["container", "network", "volume"])
def test_what_belongs_to_somebody_else_is_refused(labels: dict[str, str], what: str) -> None:
    want, world = settled()
    assert world.found.container is not None
    found = {
        "container": replace(world.found, container=replace(world.found.container, labels=labels)),
        "network": replace(world.found, network=NetworkInfo("n", labels, "10.0.0.0/29")),
        "volume": replace(world.found, volumes={HOME_VOLUME: VolumeInfo(labels, "t")}),
    }[what]
    with pytest.raises(PreconditionError, match=what):
        reconcile.up(want, found, world.state, files_current=True)


def test_a_volume_of_an_environment_whose_name_goes_on_is_nobody_in_the_way() -> None:
    # Another project of the same folder name is called vision-1a2b, and its volume is seen beside ours.
    want, world = settled()
    other = VolumeInfo(naming.labels(OWNER, "vision-1a2b", "/home/ada/other/vision"), "t9")
    found = replace(world.found, volumes={**world.found.volumes, f"{TITLE}-1a2b-home": other})
    assert reconcile.up(want, found, world.state, files_current=True) == ()
    assert step.RemoveVolume(f"{TITLE}-1a2b-home") not in reconcile.down(NAME, OWNER, PROJECT, found, volumes=True)


def test_down_refuses_a_container_of_somebody_else() -> None:
    _, world = settled()
    assert world.found.container is not None
    found = replace(world.found, container=replace(world.found.container, labels={}))
    with pytest.raises(PreconditionError):
        reconcile.down(NAME, OWNER, PROJECT, found, volumes=True)


def test_down_leaves_a_container_of_somebody_else_that_is_called_like_its_helper() -> None:
    found = ActualState(helper=ContainerInfo("h1", "created", {}, "i1"))
    assert reconcile.down(NAME, OWNER, PROJECT, found, volumes=True) == ()


@pytest.mark.proves("`envkit down` leaves what is not ours", "fake")
def test_down_leaves_a_network_of_the_same_name_that_is_not_ours() -> None:
    found = ActualState(network=NetworkInfo("n", {}, "10.0.0.0/29"))
    assert reconcile.down(NAME, OWNER, PROJECT, found, volumes=False) == ()


@pytest.mark.proves("`envkit down` keeps volumes unless asked", "fake")
def test_down_keeps_volumes_unless_asked() -> None:
    _, world = settled()
    assert kinds(reconcile.down(NAME, OWNER, PROJECT, world.found, volumes=False)) == [
        "RemoveContainer",
        "RemoveNetwork",
    ]
    assert step.RemoveVolume(HOME_VOLUME) in reconcile.down(NAME, OWNER, PROJECT, world.found, volumes=True)


def test_a_file_of_the_host_in_the_home_finds_no_folder_in_its_place() -> None:
    # The engine makes the place of a mount as what it needs, and a file cannot be mounted over a folder.
    gitconfig = Mount("bind", "/home/ada/.config/git/config", "/home/dev/.config/git/config", read_only=True)
    assert reconcile.required_folders(wanted(mounts=(*wanted().plan.run.mounts, gitconfig)).plan) == {
        HOME_VOLUME: (".config", ".config/git"),
    }


def test_the_folders_on_the_way_to_a_nested_mount_are_made_for_the_user() -> None:
    cache = Mount("volume", f"{TITLE}-hf", "/home/dev/.cache/huggingface")
    nested = wanted(mounts=(*wanted().plan.run.mounts, cache, Mount("bind", "/d", "/d")))
    assert reconcile.required_folders(nested.plan) == {HOME_VOLUME: (".cache", ".cache/huggingface")}
    inner = Mount("volume", f"{TITLE}-inner", "/home/dev/.cache/huggingface/a/b")
    deeper = wanted(mounts=(*nested.plan.run.mounts, inner))
    assert reconcile.required_folders(deeper.plan)[f"{TITLE}-hf"] == ("a", "a/b")
    _, world = settled()
    steps = reconcile.up(nested, world.found, world.state, files_current=True)
    (prepare,) = [one for one in steps if isinstance(one, step.PrepareVolumes)]
    assert set(prepare.names) == {HOME_VOLUME, f"{TITLE}-hf"}
    climb(nested, world)
