"""`probe --watch` judges the device nodes of a workspace that was given a GPU, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.backends.docker import inspect
from envkit.commands import probe
from envkit.environment.project import Environment
from envkit.errors import StartFailed
from envkit.model.engine_state import ContainerInfo
from envkit.model.report import Finding, Observation
from envkit.model.state import State
from envkit.observe import probe as observer

if TYPE_CHECKING:
    from pathlib import Path

OPEN = {"/dev/nvidiactl": "ok", "/dev/nvidia0": "ok", "/dev/nvidia-uvm": "ok"}
NONE = {"/dev/nvidiactl": "ENOENT"}


@pytest.mark.parametrize(
    ("given", "gpu", "nodes", "told"),
    [
        (False, False, [], ["skipped gpu/nodes-open"]),
        (False, True, [NONE, NONE], ["failed gpu/nodes-missing"]),
        (True, False, [OPEN, OPEN], ["passed gpu/nodes-open"]),
        (True, False, [OPEN, NONE], ["passed gpu/nodes-open", "failed gpu/nodes-missing"]),
    ],
    ids=["no GPU", "no GPU, one insisted on", "a GPU that stays", "a GPU that is lost"],
)
def test_what_changes_is_told_until_the_workspace_ends(
    given: bool,
    gpu: bool,
    nodes: list[dict[str, str]],
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = Environment(
        "vision", str(tmp_path), 1000, state.StateDir(tmp_path), State("vision", str(tmp_path)), "unix:///x"
    )
    looks, seen = iter(nodes), list[Finding]()
    runs = iter([ContainerInfo("c", "running", {}, "i")] * 2)
    monkeypatch.setattr(Environment, "connect", lambda _: None)
    monkeypatch.setattr(inspect, "has_gpus", lambda *_: given)
    monkeypatch.setattr(inspect, "container", lambda *_: next(runs, None))
    monkeypatch.setattr(observer, "nodes", lambda *_: (Observation("gpu.nodes", {"nodes": next(looks)}),))
    with pytest.raises(StartFailed, match="vision is down"):
        probe.watch(known, 0, seen.append, gpu=gpu)
    assert [f"{one.status.value} {one.check}" for one in seen] == told
