"""An audit locks its environment, and `down` removes the audit's stale containers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming, state
from envkit.checks import audit as audit_checks
from envkit.commands import audit, down
from envkit.environment import execute, project
from envkit.environment.project import Environment
from envkit.fs import locks
from envkit.model.engine_state import ActualState, ContainerInfo, NetworkInfo
from envkit.model.evidence import Evidence
from envkit.model.report import CheckHost, Finding, Verdict
from envkit.model.state import State
from envkit.observe import attack_suite as audit_probes
from envkit.state import StateDir
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path

NO_RESULTS: tuple[tuple[()], dict[str, Any], Evidence] = ((), {}, Evidence())


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(Environment, "connect", lambda _: FakeBackend())
    monkeypatch.setattr(audit, "describe_host", lambda _: CheckHost())
    monkeypatch.setattr(project, "require_running", lambda *_: ContainerInfo("c", "running", {}, "i", ()))
    return Environment("vision", "/p", os.getuid(), StateDir(tmp_path / "state"), State("vision", "/p"), "unix:///x")


def test_an_audit_locks_the_environment(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    state.save(environment.state_dir, environment.state)
    waits: list[str] = []

    def give_up() -> None:
        waits.append("kept out")
        raise InterruptedError

    def run_attacks(*_: object, **__: object) -> tuple[tuple[()], dict[str, Any], Evidence]:
        with pytest.raises(InterruptedError), locks.hold(environment.state_dir.lock, give_up):
            pass
        return NO_RESULTS

    monkeypatch.setattr(audit_probes, "run_attacks", run_attacks)
    audit.audit(environment, on_progress=lambda _: None)
    assert waits == ["kept out"]
    assert state.load(environment.state_dir) == environment.state


def test_failed_and_unknown_checks_fail_an_audit(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_probes, "run_attacks", lambda *_, **__: NO_RESULTS)
    for status, code in (
        (Verdict.PASSED, 0),
        (Verdict.SKIPPED, 0),
        (Verdict.WARNED, 0),
        (Verdict.UNKNOWN, 1),
        (Verdict.FAILED, 1),
    ):
        findings = (Finding("audit/ports", Verdict.PASSED, "well"), Finding("audit/rights", status, "so"))
        monkeypatch.setattr(audit_checks, "check", lambda *_, findings=findings: findings)
        assert audit.audit(environment, on_progress=lambda _: None).exit_code == code, status


def test_an_audit_creates_no_state(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_probes, "run_attacks", lambda *_, **__: NO_RESULTS)
    audit.audit(environment, on_progress=lambda _: None)
    assert not environment.state_dir.folder.exists()


def test_stale_containers_are_removed_before_the_network(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []
    actual = ActualState(network=NetworkInfo("n", naming.labels(os.getuid(), "vision", "/p"), "10.0.0.0/24"))
    monkeypatch.setattr(FakeBackend, "actual_state", lambda *_: actual)
    monkeypatch.setattr(FakeBackend, "remove_abandoned", lambda *_: removed.append("neighbours"))
    monkeypatch.setattr(execute, "remove", lambda step, *_: removed.append(type(step).__name__))
    down.down(environment, volumes=False, on_progress=lambda _: None)
    assert removed == ["neighbours", "RemoveNetwork"]
