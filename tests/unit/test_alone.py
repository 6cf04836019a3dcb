"""What attacks an environment keeps others from changing it, and what takes it away takes away who is left in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit import files, names, state
from envkit.checks import audit as judged
from envkit.commands import apply, audit, down, project
from envkit.commands.project import Known
from envkit.engines import connect, leftovers, look
from envkit.model.found import Found, FoundContainer, FoundNetwork
from envkit.model.report import Finding, Site, Verdict
from envkit.model.state import State
from envkit.observe import audit as observed
from envkit.state import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Known:
    monkeypatch.setattr(Known, "connect", lambda _: None)
    monkeypatch.setattr(leftovers, "sweep", lambda *_: [])
    monkeypatch.setattr(connect, "facts", lambda _: None)
    monkeypatch.setattr(audit, "site", lambda _: Site())
    monkeypatch.setattr(project, "running", lambda *_: FoundContainer("c", "running", {}, "i", ()))
    return Known("vision", "/p", os.getuid(), Place(tmp_path / "state"), State("vision", "/p"), "unix:///x")


def test_nobody_changes_an_environment_while_it_is_attacked(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    state.save(known.place, known.state)
    kept_out: list[str] = []

    def give_up() -> None:
        kept_out.append("kept out")
        raise InterruptedError

    def everything(*_: object, **__: object) -> tuple[list[Any], dict[str, Any]]:
        with pytest.raises(InterruptedError), files.locked(known.place.lock, give_up):
            pass
        return [], {}

    monkeypatch.setattr(observed, "everything", everything)
    audit.audit(known, say=lambda _: None)
    assert kept_out == ["kept out"]
    assert state.load(known.place) == known.state


@pytest.mark.parametrize(("status", "code"), [
    (Verdict.PASSED, 0), (Verdict.SKIPPED, 0), (Verdict.WARNED, 0), (Verdict.UNKNOWN, 1), (Verdict.FAILED, 1),
])
def test_what_could_not_be_tried_is_not_well(
    status: Verdict, code: int, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Finding("audit/ports", Verdict.PASSED, "well"), Finding("audit/rights", status, "so"))
    monkeypatch.setattr(observed, "everything", lambda *_, **__: ([], {}))
    monkeypatch.setattr(judged, "check", lambda *_: found)
    assert audit.audit(known, say=lambda _: None).exit_code == code


def test_an_audit_without_state_leaves_none(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "everything", lambda *_, **__: ([], {}))
    audit.audit(known, say=lambda _: None)
    assert not known.place.folder.exists()


def test_who_was_left_on_a_network_goes_before_it(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    there = Found(network=FoundNetwork("n", names.labels(os.getuid(), "vision", "/p"), "10.0.0.0/24"))
    monkeypatch.setattr(look, "surroundings", lambda *_: there)
    monkeypatch.setattr(leftovers, "sweep", lambda *_: done.append("neighbours"))
    monkeypatch.setattr(apply, "remove", lambda one, *_: done.append(type(one).__name__))
    down.down(known, volumes=False, say=lambda _: None)
    assert done == ["neighbours", "RemoveNetwork"]
