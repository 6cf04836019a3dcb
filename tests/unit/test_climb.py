"""What an `up` that fails leaves remembered, and what a base that is brought anew does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, state
from envkit.backends.docker import images, inspect, registry
from envkit.backends.docker.sdk_errors import PortTaken, SubnetTaken
from envkit.environment import builder, converge, execute, preflight
from envkit.environment.planning import PlanningResult
from envkit.environment.project import Project
from envkit.errors import EngineError
from envkit.model import step
from envkit.model.engine_state import ActualState, ImageInfo
from envkit.model.state import State
from envkit.resolve.base_choice import BaseChoice
from envkit.resolve.sticky import FOREIGN_BASE
from tests.unit.worlds import REF, container, wanted

if TYPE_CHECKING:
    from pathlib import Path

BUILD, NETWORK, REMOVE = step.BuildImage("r"), step.CreateNetwork("n", "10.0.0.0/29"), step.RemoveContainer("c")
BUILD_ANEW, REMOVE_OWN = step.BuildImage(REF, no_cache=True), step.RemoveContainer(wanted().plan.run.name)
CREATE, START, FILES = step.CreateContainer("c", "r"), step.StartContainer("c"), step.ReplaceFiles()


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((BUILD,), True),
        ((NETWORK, BUILD), True),
        ((BUILD, REMOVE), False),
        ((REMOVE, BUILD), False),
        ((START,), False),
        ((FILES,), False),
    ],
)
def test_what_was_proven_is_forgotten_when_the_container_changes_and_not_before(
    steps: step.Steps, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = state.StateDir(tmp_path / "state")
    before = State("vision", "/p", verdict="TensorFlow computes", proven=True)
    state.save(place, before)

    def failing(given: step.Steps, *_: object) -> State | None:
        if steps[-1] in given:
            raise EngineError("no")
        return state.load(place)

    monkeypatch.setattr(execute, "execute_steps", failing)
    nothing: Any = None
    climbing = converge._Convergence(
        Project("/p", config.load(""), "unix:///x", place, before), nothing, nothing, nothing
    )
    with pytest.raises(EngineError):
        climbing._execute_steps(steps, nothing)
    left = state.load(place)
    assert left is not None
    assert (left.proven, bool(left.verdict)) == (kept, kept)


@pytest.mark.parametrize(
    ("fails", "error", "done"),
    [
        (NETWORK, SubnetTaken, ["RemoveContainer"]),
        (START, PortTaken, ["RemoveContainer", "CreateNetwork", "CreateContainer"]),
        (None, EngineError, ["RemoveContainer", "CreateNetwork", "CreateContainer", "StartContainer"]),
    ],
)
def test_only_steps_that_were_done_are_told_where_somebody_was_quicker(
    fails: step.Step | None, error: type[EngineError], done: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, before = state.StateDir(tmp_path / "state"), State("vision", "/p", subnet="10.0.0.0/29")
    state.save(place, before)

    def taken(given: step.Steps, *_: object) -> State | None:
        if fails in given:
            raise error("somebody was quicker")
        return state.load(place)

    monkeypatch.setattr(execute, "execute_steps", taken)
    nothing: Any = None
    want = wanted()
    climbing = converge._Convergence(
        Project("/p", config.load(""), "unix:///x", place, before), nothing, nothing, nothing
    )
    climbing._execute_steps(
        (REMOVE, NETWORK, CREATE, START), PlanningResult(want, (), nothing, ActualState(), BaseChoice("debian", "b"))
    )
    assert climbing.changes == done


@pytest.mark.parametrize(
    ("running", "new", "expected"),
    [
        (True, "sha256:2", ["brought", BUILD_ANEW, REMOVE_OWN, "removed sha256:1"]),
        (False, "sha256:2", ["brought", BUILD_ANEW, "removed sha256:1"]),
        (False, "sha256:1", ["brought", BUILD_ANEW]),
    ],
)
def test_the_image_is_made_anew_also_where_the_base_is_still_the_newest(
    *, running: bool, new: str, expected: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    want, before = wanted(), State("vision", "/p", base_id="sha256:base")
    found = ActualState(image=ImageInfo("sha256:1", {}), container=container(want) if running else None)
    nothing: Any = None
    place = state.StateDir(tmp_path / "state")
    state.save(place, before)

    def did(*what: object) -> State:
        done.extend(what)
        return before

    monkeypatch.setattr(
        converge,
        "plan_environment",
        lambda *_, **__: PlanningResult(want, (), nothing, found, BaseChoice("debian", "b")),
    )
    monkeypatch.setattr(execute, "refresh_base", lambda *_: did("brought"))
    monkeypatch.setattr(execute, "write_artifacts", lambda *_: None)
    monkeypatch.setattr(execute, "execute_steps", lambda steps, *_: did(*steps))
    monkeypatch.setattr(builder, "check", lambda *_: None)
    monkeypatch.setattr(inspect, "image", lambda *_: ImageInfo(new, {}))
    monkeypatch.setattr(images, "remove", lambda _, ref: done.append(f"removed {ref}"))
    monkeypatch.setattr(converge._Convergence, "_approve_plan", lambda *_: None)
    for one in ("check_gpu", "check_remote_copy"):
        monkeypatch.setattr(preflight, one, lambda *_: None)
    climbing = converge._Convergence(
        Project("/p", config.load(""), "unix:///x", place, before), nothing, nothing, nothing
    )
    climbing._converge(lambda _: (), run_container=running, pull=True)
    assert done == expected


@pytest.mark.parametrize(
    ("kind", "ref", "brought"),
    [
        ("debian", "envkit-base:bookworm", "made envkit-base:bookworm"),
        ("debian", "debian:bookworm-slim", "pulled debian:bookworm-slim"),
        ("image", "team/base:1", "pulled team/base:1"),
        ("official", "tensorflow/tensorflow:2.9.0-jupyter", "pulled tensorflow/tensorflow:2.9.0-jupyter"),
    ],
)
def test_a_base_that_is_brought_anew_is_looked_at_anew(
    kind: str, ref: str, brought: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(builder, "check", lambda *_: None)
    monkeypatch.setattr(execute, "_make_base", lambda _engine, _suite, ref, *_: done.append(f"made {ref}"))
    monkeypatch.setattr(registry, "pull", lambda _engine, ref, _: done.append(f"pulled {ref}"))
    want = wanted()
    plan = replace(want.plan, image=replace(want.plan.image, base=replace(want.plan.image.base, ref=ref)))
    nothing: Any = None
    surveyed = PlanningResult(replace(want, plan=plan), (), nothing, ActualState(), BaseChoice(kind, ref))
    choices = {FOREIGN_BASE: "{}", "base": "b"}
    before = State("vision", "/p", base_ref=ref, base_id="sha256:1", base_origin="x", choices=choices)
    place = state.StateDir(tmp_path / "state")
    after = execute.refresh_base(surveyed, nothing, place, before, nothing)
    assert done == [brought]
    assert after == replace(before, base_id="", base_origin="", choices={"base": "b"}) == state.load(place)
