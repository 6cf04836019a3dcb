"""Run of `up`: the state after a failed step, the reported steps, and a refreshed base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, state
from envkit.environment import builder, execute, preflight, reconcile_loop
from envkit.environment.planning import PlanningResult
from envkit.environment.project import Project
from envkit.environment.reconcile_loop import ReconcileLoop
from envkit.errors import EngineError, PortTaken, SubnetTaken
from envkit.model import step
from envkit.model.engine_state import ActualState, ImageInfo
from envkit.model.state import State
from envkit.resolve.base_choice import BaseChoice
from envkit.resolve.sticky import FOREIGN_BASE
from envkit.state import StateDir
from tests.support.engine_states import REF, container, desired_state
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNUSED: Any = None
DESIRED = desired_state()
BUILD, NETWORK, REMOVE = step.BuildImage("r"), step.CreateNetwork("n", "10.0.0.0/29"), step.RemoveContainer("c")
CREATE, START, FILES = step.CreateContainer("c", "r"), step.StartContainer("c"), step.ReplaceFiles()
REBUILD, REMOVE_OWN = step.BuildImage(REF, no_cache=True), step.RemoveContainer(DESIRED.plan.run.name)


def convergence(state_dir: StateDir, saved_state: State, backend: FakeBackend | None = None) -> ReconcileLoop:
    """Return a run whose state has been saved."""
    state.save(state_dir, saved_state)
    project = Project("/p", config.load(""), "unix:///x", state_dir, saved_state)
    return ReconcileLoop(project, backend or FakeBackend(), UNUSED, UNUSED)


def planning(actual: ActualState) -> PlanningResult:
    return PlanningResult(DESIRED, (), UNUSED, actual, BaseChoice("debian", "b"))


def failing_execution(
    state_dir: StateDir, failing_step: step.Step | None, error: type[EngineError]
) -> Callable[..., State | None]:
    """Return a replacement of `execute_steps` that fails at one step."""

    def execute_steps(steps: step.Steps, *_: object) -> State | None:
        if failing_step in steps:
            raise error("failed", code="engine-request-failed")
        return state.load(state_dir)

    return execute_steps


def test_verdict_is_lost_once_the_container_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[step.Steps, bool]] = [
        ((BUILD,), True),
        ((NETWORK, BUILD), True),
        ((BUILD, REMOVE), False),
        ((REMOVE, BUILD), False),
        ((START,), False),
        ((FILES,), False),
    ]
    state_dir = StateDir(tmp_path / "state")
    for steps, is_kept in cases:
        run = convergence(state_dir, State("vision", "/p", verdict="TensorFlow computes", proven=True))
        monkeypatch.setattr(execute, "execute_steps", failing_execution(state_dir, steps[-1], EngineError))
        with pytest.raises(EngineError):
            run._execute_steps(steps, UNUSED)
        saved_state = state.load(state_dir)
        assert saved_state is not None, steps
        assert (saved_state.proven, bool(saved_state.verdict)) == (is_kept, is_kept), steps


def test_only_completed_steps_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[step.Step | None, type[EngineError], list[str]]] = [
        (NETWORK, SubnetTaken, ["RemoveContainer"]),
        (START, PortTaken, ["RemoveContainer", "CreateNetwork", "CreateContainer"]),
        (None, EngineError, ["RemoveContainer", "CreateNetwork", "CreateContainer", "StartContainer"]),
    ]
    state_dir = StateDir(tmp_path / "state")
    for failing_step, error, completed_steps in cases:
        run = convergence(state_dir, State("vision", "/p", subnet="10.0.0.0/29"))
        monkeypatch.setattr(execute, "execute_steps", failing_execution(state_dir, failing_step, error))
        run._execute_steps((REMOVE, NETWORK, CREATE, START), planning(ActualState()))
        assert run.changes == completed_steps, failing_step


def test_pull_rebuilds_the_image_even_on_the_same_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[bool, str, list[object]]] = [
        (True, "sha256:2", ["refreshed", REBUILD, REMOVE_OWN, "remove image sha256:1"]),
        (False, "sha256:2", ["refreshed", REBUILD, "remove image sha256:1"]),
        (False, "sha256:1", ["refreshed", REBUILD]),
    ]
    for is_running, image_id, expected in cases:
        events: list[object] = []
        saved_state = State("vision", "/p", base_id="sha256:base")
        actual = ActualState(image=ImageInfo("sha256:1", {}), container=container(DESIRED) if is_running else None)

        def record(*new_events: object, events: list[object] = events, saved_state: State = saved_state) -> State:
            events.extend(new_events)
            return saved_state

        with monkeypatch.context() as patch:
            patch.setattr(reconcile_loop, "plan_environment", lambda *_, actual=actual, **__: planning(actual))
            patch.setattr(execute, "refresh_base", lambda *_, record=record: record("refreshed"))
            patch.setattr(execute, "write_artifacts", lambda *_: None)
            patch.setattr(execute, "execute_steps", lambda steps, *_, record=record: record(*steps))
            patch.setattr(builder, "check", lambda *_: None)
            patch.setattr(ReconcileLoop, "_approve_plan", lambda *_: None)
            for check in ("check_gpu", "check_remote_copy"):
                patch.setattr(preflight, check, lambda *_: None)
            backend = FakeBackend(images={REF: ImageInfo(image_id, {}), "": ImageInfo("sha256:1", {})})
            run = convergence(StateDir(tmp_path / "state"), saved_state, backend)
            run.run(lambda _: (), run_container=is_running, pull=True)
        assert events + backend.changes == expected, (is_running, image_id)


def test_a_refreshed_base_is_inspected_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(builder, "check", lambda *_: None)
    monkeypatch.setattr(execute, "_make_base", lambda _backend, _suite, ref, *_: events.append(f"build {ref}"))
    state_dir, image = StateDir(tmp_path / "state"), DESIRED.plan.image
    for kind, ref, event in (
        ("debian", "envkit-base:bookworm", "build envkit-base:bookworm"),
        ("debian", "debian:bookworm-slim", "pull debian:bookworm-slim"),
        ("image", "team/base:1", "pull team/base:1"),
        ("official", "tensorflow/tensorflow:2.9.0-jupyter", "pull tensorflow/tensorflow:2.9.0-jupyter"),
    ):
        backend = FakeBackend()
        events.clear()
        plan = replace(DESIRED.plan, image=replace(image, base=replace(image.base, ref=ref)))
        result = PlanningResult(replace(DESIRED, plan=plan), (), UNUSED, ActualState(), BaseChoice(kind, ref))
        choices = {FOREIGN_BASE: "{}", "base": "{}"}
        old_state = State("vision", "/p", base_ref=ref, base_id="sha256:1", base_origin="x", choices=choices)
        new_state = execute.refresh_base(result, backend, state_dir, old_state, UNUSED)
        assert events + backend.changes == [event]
        expected = replace(old_state, base_id="", base_origin="", choices={"base": "{}"})
        assert new_state == expected == state.load(state_dir), ref
