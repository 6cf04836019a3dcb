"""`up` records what it made; the record survives a replaced image and a damaged file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.environment import last_applied
from envkit.environment.planning import PlanningResult
from envkit.model.engine_state import ActualState
from envkit.render import build_context
from envkit.state import StateDir
from tests.support.engine_states import container, desired_state
from tests.support.fake_backend import FakeBackend
from tests.support.plan_samples import facts

if TYPE_CHECKING:
    from pathlib import Path

DESIRED = desired_state()


def planning(image_id: str) -> PlanningResult:
    actual = ActualState(container=replace(container(DESIRED), image_id=image_id))
    return PlanningResult(DESIRED, build_context.render(DESIRED.plan.image), facts(), actual)


def save(state_dir: StateDir, image_id: str, *changes: str) -> str:
    last_applied.save(state_dir, planning(image_id), FakeBackend(), changes)
    record = last_applied.load(state_dir)
    assert record is not None
    return record.image_id


def test_the_record_holds_what_the_audit_compares(tmp_path: Path) -> None:
    state_dir = StateDir(tmp_path)
    save(state_dir, "sha256:1", "CreateContainer")
    record = last_applied.load(state_dir)
    assert record is not None
    assert record.request["Labels"]["envkit.name"] == DESIRED.plan.name
    assert record.instructions[-1] == "ENTRYPOINT"
    assert "/etc/envkit/jupyter_server_config.py" in record.image_files
    assert "PasswordAuthentication no" in record.sshd_config
    assert last_applied.path_of(state_dir).stat().st_mode & 0o077 == 0


def test_only_a_container_that_up_created_changes_the_image(tmp_path: Path) -> None:
    state_dir = StateDir(tmp_path)
    assert save(state_dir, "sha256:1") == "sha256:1"
    assert save(state_dir, "sha256:evil") == "sha256:1"
    assert save(state_dir, "sha256:2", "CreateContainer") == "sha256:2"


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    state_dir = StateDir(tmp_path)
    assert last_applied.load(state_dir) is None
    for text in ("", "{", "[]", '{"format": 99}', '{"format": 1}'):
        last_applied.path_of(state_dir).write_text(text)
        assert last_applied.load(state_dir) is None, text
