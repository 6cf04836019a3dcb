"""`probe --watch` checks the device nodes only of a workspace with a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.commands import probe
from envkit.environment.project import Environment
from envkit.errors import StartFailed
from envkit.model.engine_state import ContainerInfo
from envkit.model.report import Finding, Observation
from envkit.model.state import State
from envkit.observe import probe as observer
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path

OPEN_NODES = {"/dev/nvidiactl": "ok", "/dev/nvidia0": "ok", "/dev/nvidia-uvm": "ok"}
MISSING_NODES = {"/dev/nvidiactl": "ENOENT"}


def test_changes_are_reported_until_the_workspace_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = Environment(
        "vision", str(tmp_path), 1000, state.StateDir(tmp_path), State("vision", str(tmp_path)), "unix:///x"
    )
    monkeypatch.setattr(Environment, "connect", lambda _: FakeBackend())
    cases: dict[str, tuple[bool, bool, list[dict[str, str]], list[str]]] = {
        "no GPU": (False, False, [], ["skipped gpu/nodes-open"]),
        "no GPU but required": (False, True, [MISSING_NODES, MISSING_NODES], ["failed gpu/nodes-missing"]),
        "stable GPU": (True, False, [OPEN_NODES, OPEN_NODES], ["passed gpu/nodes-open"]),
        "lost GPU": (
            True,
            False,
            [OPEN_NODES, MISSING_NODES],
            ["passed gpu/nodes-open", "failed gpu/nodes-missing"],
        ),
    }
    for case, (has_gpus, gpu_required, nodes, reports) in cases.items():
        observations = iter([(Observation("gpu.nodes", {"nodes": states}),) for states in nodes])
        containers, findings = iter([ContainerInfo("c", "running", {}, "i")] * 2), list[Finding]()
        monkeypatch.setattr(FakeBackend, "has_gpus", lambda *_, has_gpus=has_gpus: has_gpus)
        monkeypatch.setattr(FakeBackend, "container", lambda *_, containers=containers: next(containers, None))
        monkeypatch.setattr(observer, "nodes", lambda *_, observations=observations: next(observations))
        with pytest.raises(StartFailed) as error:
            probe.watch(environment, 0, findings.append, gpu=gpu_required)
        assert error.value.code == "environment-not-running", case
        assert [f"{finding.status.value} {finding.check}" for finding in findings] == reports, case
