"""What an `up` that fails leaves remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, state
from envkit.commands import apply, climb
from envkit.commands.project import Project
from envkit.errors import EngineError
from envkit.model import step
from envkit.model.state import State

if TYPE_CHECKING:
    from pathlib import Path

BUILD, NETWORK, REMOVE = step.BuildImage("r"), step.CreateNetwork("n", "10.0.0.0/29"), step.RemoveContainer("c")
START, FILES = step.StartContainer("c"), step.ReplaceFiles()


@pytest.mark.parametrize(("steps", "kept"), [
    ((BUILD,), True), ((NETWORK, BUILD), True), ((BUILD, REMOVE), False), ((REMOVE, BUILD), False), ((START,), False),
    ((FILES,), False),
])
def test_what_was_proven_is_forgotten_when_the_container_changes_and_not_before(
    steps: step.Steps, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = state.Place(tmp_path / "state")
    before = State("vision", "/p", verdict="TensorFlow computes", proven=True)
    state.save(place, before)

    def failing(given: step.Steps, *_: object) -> State | None:
        if steps[-1] in given:
            raise EngineError("no")
        return state.load(place)

    monkeypatch.setattr(apply, "apply", failing)
    nothing: Any = None
    climbing = climb._Climb(Project("/p", config.load(""), "unix:///x", place, before), nothing, nothing, nothing)
    with pytest.raises(EngineError):
        climbing._carry_out(steps, nothing)
    left = state.load(place)
    assert left is not None
    assert (left.proven, bool(left.verdict)) == (kept, kept)
