"""`up --dry-run` reports what `up` would refuse, and saves nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import checks, host, state
from envkit.backends.docker import client
from envkit.environment import dry_run, project
from envkit.environment.planning import PlanningResult
from envkit.environment.remote import transfer
from envkit.errors import EngineUnavailable, ExitCode, GpuUnusable, PreconditionError
from envkit.fs import files
from envkit.model.backend import Capabilities
from envkit.model.engine_state import ActualState
from envkit.model.facts import EngineFacts
from envkit.model.plan import Access
from envkit.model.report import Finding, Verdict
from envkit.model.run import Gpus
from envkit.model.state import State
from tests.support.engine_states import desired_state

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = EngineFacts("", "20.10.24", host.machine(), rootless=False, userns=False, gpu_methods=())
ENTRY = "the content of /home/ada/.wandb can be read as the secret WANDB"


class Scene:
    """A project, and changes to the plan of the next dry run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project.load(folder, {})
        self.plan: dict[str, Any] = {}
        self.engine = ENGINE
        self.states: list[State | None] = []
        monkeypatch.setattr(client, "connect", lambda _: None)
        monkeypatch.setattr(client, "facts", lambda _: self.engine)
        monkeypatch.setattr(dry_run, "plan_environment", self.plan_environment)

    def plan_environment(self, _: object, __: object, saved_state: State | None) -> PlanningResult:
        self.states.append(saved_state)
        desired = desired_state()
        facts: Any = SimpleNamespace(gpu=None, capabilities=Capabilities())
        return PlanningResult(replace(desired, plan=replace(desired.plan, **self.plan)), (), facts, ActualState())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "vision").mkdir()
    return Scene(tmp_path / "vision", monkeypatch)


def test_unsupported_engine_is_refused(scene: Scene) -> None:
    scene.engine = replace(ENGINE, rootless=True)
    with pytest.raises(PreconditionError) as error:
        dry_run.dry_run(scene.project)
    assert error.value.code == "engine-unsupported"


def test_missing_engine_is_an_error(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(endpoint: str) -> None:
        raise EngineUnavailable(endpoint, code="engine-unavailable")

    monkeypatch.setattr(client, "connect", connect)
    with pytest.raises(EngineUnavailable):
        dry_run.dry_run(scene.project)


def test_unusable_gpu_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("gpu/driver", Verdict.FAILED, "no NVIDIA driver is loaded", hint="install one", layer="host")
    monkeypatch.setattr(checks, "gpu_preflight", lambda *_: finding)
    assert dry_run.dry_run(scene.project).exit_code == ExitCode.OK
    scene.plan = {"gpu_required": True, "run": replace(desired_state().plan.run, gpus=Gpus("hook", ("all",)))}
    with pytest.raises(GpuUnusable, match="no NVIDIA driver") as error:
        dry_run.dry_run(scene.project)
    assert error.value.code == "gpu-unusable"


def test_unapproved_access_is_listed_with_the_code_of_up(scene: Scene) -> None:
    scene.plan = {"access": Access((ENTRY,))}
    for approved, yes, approvals, code in (
        (None, False, (ENTRY,), ExitCode.USAGE),
        (None, True, (ENTRY,), ExitCode.OK),
        ((ENTRY,), False, (), ExitCode.OK),
    ):
        saved_state = State("vision", scene.project.folder, approved=approved)
        report = dry_run.dry_run(replace(scene.project, state=saved_state), yes=yes)
        assert (report.result.approvals, report.exit_code) == (approvals, code), (approved, yes)
        assert report.result.steps
        assert not scene.project.state_dir.folder.exists()


def test_notes_and_local_addresses_are_reported(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "find_tools", lambda: None)
    scene.plan = {"notes": ("limits.cpus: capped",)}
    for endpoint, url in (("unix:///x", "http://127.0.0.1:8888/lab"), ("ssh://far", "")):
        result = dry_run.dry_run(replace(scene.project, endpoint=endpoint)).result
        assert (result.notes, result.url, result.ssh_port) == (("limits.cpus: capped",), url, 0), endpoint


def test_refresh_resets_earlier_choices(scene: Scene) -> None:
    saved_state = State("vision", scene.project.folder, port=8899, choices={"base": "debian"})
    started_project = replace(scene.project, state=saved_state)
    dry_run.dry_run(started_project)
    dry_run.dry_run(started_project, refresh=True)
    reused_state, reset_state = scene.states
    assert reused_state == saved_state
    assert reset_state is not None
    assert reset_state.port == 0


def test_state_folder_open_to_others_is_refused(scene: Scene) -> None:
    state.save(scene.project.state_dir, State("vision", scene.project.folder))
    files.ensure_private_folder(scene.project.state_dir.folder).chmod(0o755)
    with pytest.raises(PreconditionError) as error:
        dry_run.dry_run(scene.project)
    assert error.value.code == "folder-not-private"
