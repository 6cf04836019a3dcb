"""What attacks an environment keeps others from changing it, and what takes it away takes away who is left in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming, state
from envkit.backends.docker import client, inspect, temporary
from envkit.checks import audit as audit_checks
from envkit.commands import audit, down
from envkit.environment import execute, project
from envkit.environment.project import Environment
from envkit.fs import files
from envkit.model.engine_state import ActualState, ContainerInfo, NetworkInfo
from envkit.model.report import CheckHost, Finding, Verdict
from envkit.model.state import State
from envkit.observe import attack_suite as audit_probes
from envkit.state import StateDir

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(Environment, "connect", lambda _: None)
    monkeypatch.setattr(temporary, "remove_abandoned", lambda *_: [])
    monkeypatch.setattr(client, "facts", lambda _: None)
    monkeypatch.setattr(audit, "describe_host", lambda _: CheckHost())
    monkeypatch.setattr(project, "require_running", lambda *_: ContainerInfo("c", "running", {}, "i", ()))
    return Environment("vision", "/p", os.getuid(), StateDir(tmp_path / "state"), State("vision", "/p"), "unix:///x")


def test_nobody_changes_an_environment_while_it_is_attacked(
    known: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.save(known.state_dir, known.state)
    kept_out: list[str] = []

    def give_up() -> None:
        kept_out.append("kept out")
        raise InterruptedError

    def everything(*_: object, **__: object) -> tuple[list[Any], dict[str, Any]]:
        with pytest.raises(InterruptedError), files.lock(known.state_dir.lock, give_up):
            pass
        return [], {}

    monkeypatch.setattr(audit_probes, "run_attacks", everything)
    audit.audit(known, on_progress=lambda _: None)
    assert kept_out == ["kept out"]
    assert state.load(known.state_dir) == known.state


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Verdict.PASSED, 0),
        (Verdict.SKIPPED, 0),
        (Verdict.WARNED, 0),
        (Verdict.UNKNOWN, 1),
        (Verdict.FAILED, 1),
    ],
)
def test_what_could_not_be_tried_is_not_well(
    status: Verdict, code: int, known: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Finding("audit/ports", Verdict.PASSED, "well"), Finding("audit/rights", status, "so"))
    monkeypatch.setattr(audit_probes, "run_attacks", lambda *_, **__: ([], {}))
    monkeypatch.setattr(audit_checks, "check", lambda *_: found)
    assert audit.audit(known, on_progress=lambda _: None).exit_code == code


def test_an_audit_without_state_leaves_none(known: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_probes, "run_attacks", lambda *_, **__: ([], {}))
    audit.audit(known, on_progress=lambda _: None)
    assert not known.state_dir.folder.exists()


def test_who_was_left_on_a_network_goes_before_it(known: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    there = ActualState(network=NetworkInfo("n", naming.labels(os.getuid(), "vision", "/p"), "10.0.0.0/24"))
    monkeypatch.setattr(inspect, "actual_state", lambda *_: there)
    monkeypatch.setattr(temporary, "remove_abandoned", lambda *_: done.append("neighbours"))
    monkeypatch.setattr(execute, "remove", lambda one, *_: done.append(type(one).__name__))
    down.down(known, volumes=False, on_progress=lambda _: None)
    assert done == ["neighbours", "RemoveNetwork"]
